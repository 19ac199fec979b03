#pragma once
/// \file
/// The model: which policy fills which slot, and the flat list of all parameters (names and shapes:
/// docs/checkpoint.md).

#include <string>

#include "s2rm/attention/truncated_gaussian_kernel.hpp"
#include "s2rm/cell/gru.hpp"
#include "s2rm/check/model.hpp"
#include "s2rm/core/errors.hpp"
#include "s2rm/decoder/mlp.hpp"
#include "s2rm/decoder/residual.hpp"
#include "s2rm/dynamics/structured.hpp"
#include "s2rm/encoder/mlp.hpp"
#include "s2rm/layer/harmonics.hpp"
#include "s2rm/layer/likelihood.hpp"
#include "s2rm/layer/place_encoder.hpp"
#include "s2rm/model/checkpoint_names.hpp"

S2RM_NAMESPACE_BEGIN

/// Spatially structured recurrent modules over `Shape`. `Policies` fill the slots, in any order; defaults in brackets:
/// places [octaves], cell [cell::gru], kernel [kernel::truncated_gaussian<>], normalisation [log_space],
/// interaction [before_update], carry [bounded], state_norm [rms], initial_state [learned], weights [per_module],
/// time [uniform], lead [none], readout [kernel_dot], encoder [mlp<128, 64>],
/// decoder [mlp<128>], likelihood [bernoulli], residual [none], dynamics [structured].
/// Rahaman et al., "S2RMs: Spatially Structured Recurrent Modules", arXiv 2007.06533 (docs/deviations.md).
template <class Shape, class... Policies>
struct world_model {
  using dynamics_policy = policy_for<kind::dynamics, dynamics::structured, Policies...>;
  using shape = typename dynamics_policy::template shape_of<Shape>;  ///< with M and H of the state
  using view = typename Shape::view;
  using target = target_of<Shape>;

  using weights = policy_for<kind::weights, weights::per_module, Policies...>;
  using time = policy_for<kind::time, time::uniform, Policies...>;
  using cell =
      typename policy_for<kind::cell, typename dynamics_policy::cell,
                          Policies...>::template on<typename weights::template shape_of<cell_shape<shape, time>>>;
  using kernel = typename policy_for<kind::kernel, typename dynamics_policy::kernel, Policies...>::template on<shape>;
  using normalisation = policy_for<kind::normalisation, normalisation::log_space, Policies...>;
  using interaction = policy_for<kind::interaction, interaction::before_update, Policies...>;
  using carry = policy_for<kind::carry, carry::bounded, Policies...>;
  using state_norm = policy_for<kind::state_norm, state_norm::rms, Policies...>;
  using initial_state = policy_for<kind::initial_state, initial_state::learned, Policies...>;
  using readout = policy_for<kind::readout, typename dynamics_policy::readout, Policies...>;
  using residual = policy_for<kind::residual, residual::none, Policies...>;
  using likelihood = typename policy_for<kind::likelihood, likelihood::bernoulli, Policies...>::template on<target>;
  using encoder = typename policy_for<kind::encoder, encoder::mlp<128, 64>, Policies...>::template on<Shape>;

  static constexpr index_t M = shape::modules, H = shape::hidden, S = Shape::sphere, P = Shape::place;
  static constexpr index_t NC = Shape::heads * Shape::head_width, D = encoder::out, K = Shape::context;
  static constexpr index_t source = D + S + K;  ///< numbers of an encoded view: [e; s; c]
  using lead = policy_for<kind::lead, lead::none, Policies...>;
  static constexpr index_t read = NC + S + lead::features + K;  ///< numbers that the decoder reads: [r; s; phi; c]
  /// Whether queries read the state relaxed until their time, each its own.
  static constexpr bool relaxes_to_lead = lead::active && time::active;
  static constexpr index_t outputs = likelihood::outputs;  ///< numbers of one prediction

  using decoder = typename policy_for<kind::decoder, decoder::mlp<128>, Policies...>::template on<Shape, read, outputs>;
  using places = layer::place_encoder<Shape, policy_for<kind::places, s2rm::places::octaves, Policies...>>;
  using dynamics = typename dynamics_policy::template on<
      shape, D,
      s2rm::dynamics::choices<cell, normalisation, kernel::straight_through, interaction, carry, state_norm,
                              initial_state, time>>;
  static constexpr index_t state_size = dynamics::SW;        ///< numbers one module carries
  static constexpr index_t read_step = dynamics::read_step;  ///< from the H numbers read of one module to the next's
  static constexpr bool spatial = dynamics_policy::spatial;  ///< whether modules have places

  static constexpr bool shares_weights = std::is_same_v<weights, s2rm::weights::shared>;
  /// Modules with read-out weights of their own.
  static constexpr index_t RM = dynamics_policy::alike ? 1 : weights::of(M);
  static constexpr bool readout_by_dot = std::is_same_v<readout, s2rm::readout::kernel_dot>;
  struct readout_params
      : std::conditional_t<
            readout_by_dot,
            schema<field<"query.weight", NC, S>, field<"key.weight", RM, NC, H>, field<"value.weight", RM, NC, H>>,
            schema<field<"value.weight", RM, NC, H>>> {};
  /// Kernel weights alone are normalised in log space whatever the model's normalisation.
  using readout_attention =
      attention::kernel_dot<Shape::heads, Shape::head_width,
                            std::conditional_t<readout_by_dot, normalisation, s2rm::normalisation::log_space>,
                            kernel::straight_through, readout_by_dot>;
  struct embedding_params : std::conditional_t<spatial, schema<field<"embedding", M, S>>, schema<>> {};

  /// Every parameter, in the order of the flat block (model/checkpoint_names.hpp).
  struct params
      : parameter_names<typename encoder::params, typename places::params, embedding_params, typename kernel::params,
                        typename dynamics::params, readout_params, typename decoder::params> {};
  static constexpr index_t parameter_count = params::size;
  static constexpr auto fields = params::infos;

  static constexpr index_t at_encoder = 0, at_place = encoder::params::size,
                           at_embedding = at_place + places::params::size,
                           at_kernel = at_embedding + embedding_params::size,
                           at_dynamics = at_kernel + kernel::params::size,
                           at_readout = at_dynamics + dynamics::params::size,
                           at_decoder = at_readout + readout_params::size;

  /// The model's sizes in words: what a checkpoint says of itself.
  static std::string description() {
    struct size {
      char const* name;
      index_t value;
    };
    std::string const place_features = " with " + places::description() + ", view ";
    std::string text(dynamics_policy::name);
    for (size const& one : {size{": ", M},
                            {" modules x ", H},
                            {" (state ", state_size},
                            {"), ", Shape::heads},
                            {" heads x ", Shape::head_width},
                            {", sphere ", S},
                            {", place ", P},
                            {place_features.c_str(), view::size},
                            {" -> ", D},
                            {", outputs ", outputs},
                            {", parameters ", parameter_count}}) {
      text += one.name;
      text += std::to_string(one.value);
    }
    if (shares_weights) text += ", weights shared";
    return text;
  }

  /// The start of every parameter, from the seed alone. The place encoder is whitened on places that its features choose,
  /// a grid over [-1, 1]^P by default; see `whiten` for data whose places are known.
  template <class T>
  static void initialise(T* values, seed from) {
    init::source const all{random{from.value, 0}, 0};
    encoder::initialise(values + at_encoder, all.at(at_encoder));
    places::initialise(values + at_place, all.at(at_place));
    init::normal(values + at_embedding, embedding_params::size, all.at(at_embedding));
    kernel::initialise(values + at_kernel, all.at(at_kernel));
    dynamics::initialise(values + at_dynamics, all.at(at_dynamics));
    if constexpr (readout_by_dot) {
      init::linear(values + at_readout, NC * S, S, all.at(at_readout));
      init::linear(values + at_readout + NC * S, 2 * RM * NC * H, H, all.at(at_readout + NC * S));
    } else {
      init::linear(values + at_readout, RM * NC * H, H, all.at(at_readout));
    }
    decoder::initialise(values + at_decoder, all.at(at_decoder));
  }

  /// Whitens the place codes over the given places (n, P): for a few fixed sensors, those of the sensors.
  template <class T>
  static void whiten(T* values, std::vector<double> const& sample) {
    places::whiten(values + at_place, sample);
  }
};

/// A model that cannot be built: its first fault is the one message of the compiler (check/model.hpp, docs/errors.md).
template <class Shape, class... Policies>
  requires(!check::model<Shape, Policies...>)
struct world_model<Shape, Policies...> : check::refuse<Shape, Policies...>, world_model<check::stand_in<Shape>> {};

/// The form closest to the paper as we understand it: hbar is carried over and the state is not normalised (model §3).
template <class Shape, class... Policies>
using paper_like = world_model<Shape, carry::residual, state_norm::none, Policies...>;

S2RM_NAMESPACE_END
