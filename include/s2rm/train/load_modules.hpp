#pragma once
/// \file
/// Another number of modules after training. Where all modules share their weights (`weights::shared`), the only
/// parameter that counts modules is `modules.embedding` (M, S): a file of a model of M' modules has all that one of M
/// modules needs, but for the places of the modules M', M' + 1, ... where M > M'.

#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "s2rm/core/errors.hpp"
#include "s2rm/core/random.hpp"
#include "s2rm/io/checkpoint.hpp"
#include "s2rm/math/finite.hpp"

S2RM_NAMESPACE_BEGIN

/// Where the modules that a file does not have stand: rows of `modules.embedding`, which need not be normalised.
struct new_modules {
  seed start = {};                      ///< draws the rows that are not given, as `Net::initialise` draws them
  std::span<double const> places = {};  ///< (n, S), of the first n new modules; no more of them than there are new ones
};

namespace io {

inline constexpr std::string_view embedding_name = "modules.embedding";
/// Modules of a file that is loaded into a model with another number of them.
inline constexpr index_t max_modules = 65536;

namespace detail {

/// The fields of the model in the file: those given, with as many modules as the file has. Only the header is read.
inline std::vector<field_info> with_modules_of(std::string const& path, std::span<field_info const> fields,
                                               std::optional<safetensors_limits> const& limits) {
  std::vector<field_info> found(fields.begin(), fields.end());
  auto const embedding =
      std::find_if(found.begin(), found.end(), [](auto const& f) { return f.name == embedding_name; });
  input_file input(path);
  auto const file = read_header(input, path, limits ? *limits : limits_for(fields, {}));
  auto const& shape = file.at(embedding_name).shape;
  index_t const width = embedding->extents[1];
  if (shape.size() != 2 || shape[1] != width || shape[0] < 1 || shape[0] > max_modules) {
    auto const most = static_cast<std::uint64_t>(max_modules), numbers = static_cast<std::uint64_t>(width);
    refuse_tensor(path, embedding_name,
                  {"expected shape [1, ", numbers, "] to [", most, ", ", numbers, "], found ", shape});
  }
  embedding->extents[0] = shape[0];
  embedding->size = shape[0] * width;
  return found;
}

}  // namespace detail
}  // namespace io

/// The flat block of `Net`, whose modules share their weights, from a checkpoint of the same model with any number of
/// modules. Of the file's modules the first M are taken; further ones stand where `others` says. A training state in
/// the file is skipped.
/// \throws file_error as `io::open_checkpoint` does; value_error where `others.places` are not rows of S finite numbers
/// or more than there are new modules.
template <class Net, class T>
std::vector<T> read_modules(std::filesystem::path const& path, new_modules const& others = {},
                            std::optional<io::safetensors_limits> const& limits = std::nullopt) {
  static_assert(Net::shares_weights,
                "s2rm[S117]: the number of modules can change where they share their weights alone: "
                "`weights::shared`. See docs/errors.md#S117");
  constexpr index_t S = Net::S;
  auto const name = io::path_text(path);
  auto const fields = io::detail::with_modules_of(name, Net::fields, limits);
  auto const opened = io::open_checkpoint<T>(name, std::span<field_info const>(fields), {}, limits);
  auto const embedding = opened.file.template numbers<T>(io::embedding_name);
  index_t const taken = (std::min)(Net::M, static_cast<index_t>(embedding.size()) / S), added = Net::M - taken;
  auto const given = static_cast<index_t>(others.places.size());
  require_value(given % S == 0 && given / S <= added, {"load_modules: places: expected at most ", added, " rows of ", S,
                                                       " numbers, found ", given, " numbers"});

  std::vector<T> values(static_cast<std::size_t>(Net::parameter_count));
  if (added * S > given) Net::initialise(values.data(), others.start);
  T* const rows = values.data() + Net::at_embedding;
  std::transform(others.places.begin(), others.places.end(), rows + taken * S,
                 [](double x) { return static_cast<T>(x); });
  require_value(std::all_of(rows + taken * S, rows + taken * S + given, [](T x) { return math::is_finite(x); }),
                {"load_modules: places: expected finite numbers"});
  std::copy_n(embedding.begin(), taken * S, rows);
  for (auto const& field : Net::fields) {
    if (field.name != io::embedding_name) opened.file.copy(opened.file.at(field.name), values.data() + field.offset);
  }
  return values;
}

S2RM_NAMESPACE_END
