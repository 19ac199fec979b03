# Variants of S2GRU (nets.hpp), one for every option of the model.
list(APPEND balls_models
  s2gru_none s2gru_after s2gru_residual s2gru_raw s2gru_paper_like s2gru_fixed_start s2gru_kernel_mean s2gru_product
  s2gru_straight_through s2gru_no_cut s2gru_wide s2gru_conv)
