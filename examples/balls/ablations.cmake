# Variants of S2GRU (ablations.hpp), one for every option of the model.
list(APPEND balls_models
  no_interaction after_update residual raw_state paper_like fixed_start kernel_mean product straight_through no_cut narrow
  epsilon_1 shared_weights shared_wide conv)
