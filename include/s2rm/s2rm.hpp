#pragma once
/// \file
/// Everything but a backend: policies, model, training, streaming, checkpoints. Include s2rm/eigen.hpp for the CPU.

#include "s2rm/any/trainer.hpp"
#include "s2rm/cell/lstm.hpp"
#include "s2rm/cell/rmc.hpp"
#include "s2rm/core/config.hpp"
#include "s2rm/decoder/conv.hpp"
#include "s2rm/dynamics/pooled_rnn.hpp"
#include "s2rm/dynamics/rim.hpp"
#include "s2rm/dynamics/rmc.hpp"
#include "s2rm/dynamics/tto.hpp"
#include "s2rm/encoder/conv.hpp"
#include "s2rm/layer/mixed_likelihood.hpp"
#include "s2rm/math/globe.hpp"
#include "s2rm/model/world_model.hpp"
#include "s2rm/stream/stream.hpp"
#include "s2rm/stream/streams.hpp"
#include "s2rm/train/augment.hpp"
#include "s2rm/train/early_stopping.hpp"
#include "s2rm/train/trainer.hpp"
#include "s2rm/train/training_file.hpp"
