#pragma once
/// \file
/// The public names of a model's parameters, in the order of the flat block: the checkpoint contract
/// (docs/checkpoint.md). The prefixes are here; what follows a prefix is in the `params` of each part, the prefixes of
/// a dynamics (`views.`, `interaction.`, `cell.`, `initial_state`) in its file.

#include "s2rm/core/schema.hpp"

S2RM_NAMESPACE_BEGIN

template <class Encoder, class Places, class Embedding, class Kernel, class Dynamics, class Readout, class Decoder>
using parameter_names =
    joined<prefixed<"encoder.", Encoder>, prefixed<"place.", Places>, prefixed<"modules.", Embedding>,
           prefixed<"kernel.", Kernel>, Dynamics, prefixed<"readout.", Readout>, prefixed<"decoder.", Decoder>>;

S2RM_NAMESPACE_END
