#include "kriging.hpp"

#include <cmath>

namespace sensors {
namespace {

using matrix = Eigen::MatrixXd;
using vector = Eigen::VectorXd;

}  // namespace

double station_covariance::at(double apart, double up) const {
  auto const z = height_length > 0 ? up / height_length : 0.0;
  return sill * std::exp(-apart / length) + near_sill * std::exp(-apart / near_length - z);
}

kriging_step step_of(index_t time, std::vector<char> const& read, std::vector<index_t> const& asked) {
  kriging_step made{time, {}, std::vector<index_t>(read.size(), -1), {}, {}, {}};
  auto in = read;
  for (auto const s : asked) in[static_cast<std::size_t>(s)] = 1;
  for (std::size_t s = 0; s < read.size(); ++s) {
    if (in[s] == 0) continue;
    made.row[s] = std::ssize(made.stations);
    made.stations.push_back(static_cast<index_t>(s));
    made.read.push_back(read[s]);
  }
  made.readings.setZero(std::ssize(made.stations));
  return made;
}

Eigen::MatrixXd kriging_precision(Eigen::MatrixXd const& covariance, Eigen::MatrixXd const& drifts) {
  matrix inverse = covariance.llt().solve(matrix::Identity(covariance.rows(), covariance.cols()));
  if (drifts.cols() == 0) return inverse;
  matrix const g = inverse * drifts;
  return inverse - g * (drifts.transpose() * g).ldlt().solve(g.transpose());
}

estimates krige(kriging_step const& with, std::vector<index_t> const& asked, double known, double weight) {
  auto const m = with.precision.rows();
  std::vector<Eigen::Index> hidden, seen;
  std::vector<char> out(static_cast<std::size_t>(m), 0);
  for (auto const s : asked) {
    hidden.push_back(with.row[static_cast<std::size_t>(s)]);
    out[static_cast<std::size_t>(hidden.back())] = 1;
  }
  std::vector<Eigen::Index> rest;  // neither asked for here nor read: asked for in another call
  for (Eigen::Index i = 0; i < m; ++i) {
    if (out[static_cast<std::size_t>(i)] != 0) continue;
    (with.read[static_cast<std::size_t>(i)] != 0 ? seen : rest).push_back(i);
  }
  std::vector<Eigen::Index> away = hidden;
  away.insert(away.end(), rest.begin(), rest.end());
  vector const y = with.readings(seen);
  matrix const q_hs = with.precision(away, seen);
  matrix error(q_hs.rows(), q_hs.rows());
  if (!away.empty()) error = with.precision(away, away).llt().solve(matrix::Identity(q_hs.rows(), q_hs.rows()));
  vector const direct = q_hs * y;
  vector const all = -(error * direct);
  // Each of the seen left out in turn: Q of the seen alone is Q_SS - Q_SH Q_HH^-1 Q_HS.
  matrix const solved = error * q_hs;
  vector const product = with.precision(seen, seen) * y - solved.transpose() * direct;
  vector diagonal(static_cast<Eigen::Index>(seen.size()));
  for (std::size_t i = 0; i < seen.size(); ++i) {
    auto const k = static_cast<Eigen::Index>(i);
    diagonal[k] = with.precision(seen[i], seen[i]) - q_hs.col(k).dot(solved.col(k));
  }
  vector const rests = product.cwiseQuotient(diagonal);
  auto const shown = (rests.array().square() * diagonal.array()).sum();
  auto const scale = std::sqrt((shown + weight * known) / (static_cast<double>(seen.size()) + weight));
  estimates made;
  made.asked = all.head(static_cast<Eigen::Index>(hidden.size()));
  made.asked_deviation.resize(made.asked.size());
  for (Eigen::Index i = 0; i < made.asked.size(); ++i) made.asked_deviation[i] = scale * std::sqrt(error(i, i));
  made.left_out.setConstant(m, missing);
  made.left_out_deviation.setConstant(m, missing);
  for (std::size_t i = 0; i < seen.size(); ++i) {
    auto const k = static_cast<Eigen::Index>(i);
    made.left_out[seen[i]] = y[k] - rests[k];
    made.left_out_deviation[seen[i]] = scale / std::sqrt(diagonal[k]);
  }
  return made;
}

}  // namespace sensors
