#pragma once
/// \file
/// Checkpoints: one safetensors file that holds a model's parameters under their public names, checked by a checksum.
///
/// The file's metadata:
///   s2rm.format    the lowest version of this contract that has all of the file: "1" of weights alone, "2" of a training
///                  state (after 0.1.0; version 1 held its settings as F64, which few other readers take), "3" of bands
///   s2rm.version   version of the library that wrote the file
///   s2rm.model     the model type, for people
///   s2rm.bands     a text about the model's bands, where there is one (io/bands.hpp)
///   s2rm.checksum  16 lower-case hexadecimal digits: FNV-1a (64 bits) of the whole file, header included, with these
///                  16 digits themselves taken as '0'
/// FNV-1a maps its state one-to-one for every byte, so a change of any one byte always changes the sum.
///
/// A file without any s2rm.* metadata, as PyTorch users write, loads as well: names, shapes and types are checked just
/// the same, but there is no checksum to find damaged numbers with. So does a file whose header another program wrote
/// anew, with notes of its own and other spaces: the sum is of the bytes that are gone.
///
/// Tensors that a reader does not take are read for the checksum alone and not stored: neither header nor payload can
/// take more memory than the model's fields and the training state that is loaded.

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "s2rm/core/config.hpp"
#include "s2rm/core/errors.hpp"
#include "s2rm/core/schema.hpp"
#include "s2rm/io/file.hpp"
#include "s2rm/io/message.hpp"
#include "s2rm/io/safetensors.hpp"
#include "s2rm/math/finite.hpp"

S2RM_NAMESPACE_BEGIN
namespace io {

/// A tensor of the training state that a reader takes: a list of numbers, how many within bounds.
struct training_field {
  std::string_view name;     ///< begins with "train."
  dtype type = dtype::f32;   ///< F32 and F64 stand for each other
  index_t min = 0, max = 0;  ///< numbers
};

/// A checkpoint in memory, every check passed.
struct checkpoint {
  safetensors_file file;        ///< parameters, and the training state that was to be loaded; nothing else
  std::string description;      ///< of the model type; empty in a foreign file
  std::string library_version;  ///< of the writer; empty in a foreign file
  bool verified = false;        ///< false: a foreign file without checksum, or a header that another program wrote anew
};

namespace detail {

inline constexpr std::string_view training_prefix = "train.";
inline constexpr std::string_view format_key = "s2rm.format", bands_key = "s2rm.bands", checksum_key = "s2rm.checksum";
inline constexpr std::string_view checksum_field = ",\"s2rm.checksum\":\"";
inline constexpr std::string_view checksum_blank = "0000000000000000";

/// FNV-1a, 64 bits.
class fnv1a {
 public:
  void add(std::span<std::byte const> bytes) {
    auto state = state_;
    for (auto const byte : bytes) state = (state ^ static_cast<std::uint64_t>(byte)) * 0x100000001b3U;
    state_ = state;
  }
  [[nodiscard]] std::string hexadecimal() const {
    std::string text(16, '0');
    for (std::size_t i = 0; i < 16; ++i) text[i] = "0123456789abcdef"[(state_ >> (60 - 4 * i)) & 15];
    return text;
  }

 private:
  std::uint64_t state_ = 0xcbf29ce484222325U;
};

/// Where the checksum's digits stand in a header, or npos. A quotation mark inside a JSON string follows a backslash,
/// never a comma, so the bytes that are searched for can only be the key itself.
inline std::size_t find_checksum(std::string_view header) {
  auto const field = header.find(checksum_field);
  return field == std::string_view::npos ? field : field + checksum_field.size();
}

inline std::span<index_t const> shape_of(field_info const& field) {
  return std::span(field.extents).first(static_cast<std::size_t>(field.rank));
}

/// One of the training state's tensors has the type and length that its reader expects.
inline void check_training_field(safetensors_file const& file, tensor_info const& tensor, training_field const& field) {
  bool const floating = field.type == dtype::f32 || field.type == dtype::f64;
  if (floating ? !converts_to<double>(tensor.type) : tensor.type != field.type) {
    refuse_tensor(file.source, tensor.name,
                  {"expected dtype ", floating ? "F32 or F64" : name_of(field.type), ", found ", tensor.type_name()});
  }
  bool const list = tensor.shape.size() == 1;
  if (list && tensor.shape[0] >= field.min && tensor.shape[0] <= field.max) return;
  auto const min = static_cast<std::uint64_t>(field.min), max = static_cast<std::uint64_t>(field.max);
  if (min == max) refuse_tensor(file.source, tensor.name, {"expected shape [", min, "], found ", tensor.shape});
  refuse_tensor(file.source, tensor.name, {"expected shape [", min, "] to [", max, "], found ", tensor.shape});
}

/// Exactly the model's names, shapes and a floating type. Of the names that begin with "train." those of `training`, or
/// any where a reader wants none of them.
template <class T>
void check_names_and_shapes(safetensors_file const& file, std::span<field_info const> fields,
                            std::span<training_field const> training) {
  for (auto const& field : fields) static_cast<void>(file.at<T>(field.name, shape_of(field)));
  auto const named = [](std::string_view name) { return [name](auto const& field) { return field.name == name; }; };
  for (auto const& tensor : file.tensors) {
    if (tensor.name.starts_with(training_prefix)) {
      auto const wanted = std::find_if(training.begin(), training.end(), named(tensor.name));
      if (wanted != training.end()) check_training_field(file, tensor, *wanted);
      else if (!training.empty()) refuse_tensor(file.source, tensor.name, {"unknown: the trainer has no such state"});
    } else if (std::none_of(fields.begin(), fields.end(), named(tensor.name))) {
      refuse_tensor(file.source, tensor.name, {"unknown: the model has no parameter of that name"});
    }
  }
}

/// Limits for a file of this model: room for other spaces, other metadata, and a training state that this reader skips
/// (which takes time, but no memory).
inline safetensors_limits limits_for(std::span<field_info const> fields, std::span<training_field const> training) {
  // Bytes of an entry besides its name; spare ones; what other programs note about their training.
  constexpr std::uint64_t entry = 200, others = 16, text = std::uint64_t{1} << 17;
  constexpr std::uint64_t passed_over = std::uint64_t{1} << 28, copies = 16;
  safetensors_limits limits;
  limits.header = text + (others + training.size()) * entry;
  limits.tensors = fields.size() + training.size() + others;
  limits.payload = training.empty() ? passed_over : 0;
  for (auto const& field : fields) {
    limits.header += entry + field.name.size();
    limits.payload += static_cast<std::uint64_t>(field.size) * sizeof(double) * (training.empty() ? copies : 1);
  }
  for (auto const& field : training) limits.payload += static_cast<std::uint64_t>(field.max) * sizeof(double);
  return limits;
}

/// Formats that are read: 3 has bands; 2 a training state, in types that every reader of safetensors takes; 1 is what
/// older training states and files of weights alone have.
inline bool known_format(std::string_view format) { return format == "1" || format == "2" || format == "3"; }

/// The s2rm.* metadata is either absent or complete and known. Returns whether it is there.
inline bool check_metadata(safetensors_file const& file) {
  int own = 0;
  bool const bands = file.find_metadata(bands_key) != nullptr;
  for (auto const& entry : file.metadata) {
    if (!entry.key.starts_with("s2rm.") || entry.key == bands_key) continue;
    if (entry.key != "s2rm.format" && entry.key != "s2rm.version" && entry.key != "s2rm.model" &&
        entry.key != "s2rm.checksum") {
      refuse(file.source, {"unknown metadata ", quoted{entry.key}});
    }
    ++own;
  }
  if (own == 0 && !bands) return false;
  if (own != 4) refuse(file.source, {"expected all of s2rm.format, .version, .model and .checksum, found fewer"});
  if (auto const& format = *file.find_metadata("s2rm.format"); !known_format(format)) {
    refuse(file.source,
           {"s2rm.format: expected '1', '2' or '3', found ", quoted{format}, " (written by a newer library?)"});
  }
  return true;
}

/// The sum of bytes in which the checksum, at `digits`, is taken as zeros.
inline fnv1a sum_without_checksum(std::span<std::byte const> bytes, std::size_t digits) {
  fnv1a sum;
  sum.add(bytes.first(digits));
  sum.add(std::as_bytes(std::span(checksum_blank)));
  sum.add(bytes.subspan(digits + checksum_blank.size()));
  return sum;
}

/// The sum of a header whose checksum is taken as zeros.
inline fnv1a sum_of_header(safetensors_file const& file) {
  auto const digits = find_checksum(file.header);
  auto const found = *file.find_metadata("s2rm.checksum");
  if (digits == std::string_view::npos || std::string_view(file.header).substr(digits, 17) != found + '"') {
    refuse(file.source, {"s2rm.checksum is not written the way this library writes it"});
  }
  return sum_without_checksum(std::as_bytes(std::span(file.header)), digits);
}

/// Reads the payload: stores the tensors that `wanted` names, skips the others block by block. Every byte goes through
/// `sum`.
template <class Input, class Wanted>
void read_wanted(Input& input, safetensors_file& file, Wanted const& wanted, fnv1a& sum) {
  std::vector<tensor_info> wanted_tensors;
  std::uint64_t bytes = 0;
  for (auto const& tensor : file.tensors) bytes += wanted(tensor) ? tensor.end - tensor.begin : 0;
  file.payload.resize(in_memory(bytes));
  std::array<std::byte, 4096> piece{};
  std::uint64_t filled = 0;
  for (auto const* const found : in_file_order(file.tensors)) {
    auto left = found->end - found->begin;
    if (wanted(*found)) {
      auto const place = std::span(file.payload).subspan(in_memory(filled), in_memory(left));
      input.read(place);
      sum.add(place);
      auto& tensor = wanted_tensors.emplace_back(*found);
      tensor.begin = filled;
      tensor.end = filled += left;
      continue;
    }
    while (left > 0) {
      auto const part = std::span(piece).first(in_memory((std::min<std::uint64_t>)(left, piece.size())));
      input.read(part);
      sum.add(part);
      left -= part.size();
    }
  }
  file.tensors = std::move(wanted_tensors);
}

/// The file's checksum field holds the sum of all its bytes.
inline void check_checksum(safetensors_file const& file, fnv1a const& sum) {
  auto const found = *file.find_metadata("s2rm.checksum");
  if (sum.hexadecimal() != found) {
    refuse(file.source, {"the checksum does not match: expected ", found, ", found ", sum.hexadecimal(),
                         (" (the file is damaged, or another program changed it and kept its s2rm.* metadata: without "
                          "them it loads unchecked)")});
  }
}

/// No finite number of the file becomes infinite in T.
template <class T>
void check_range(safetensors_file const& file, field_info const& field) {
  auto const& tensor = file.at(field.name);
  if (sizeof(T) >= static_cast<std::size_t>(bytes_of(tensor.type))) return;
  auto const bytes = file.bytes(tensor);
  for (std::size_t i = 0; i < bytes.size(); i += sizeof(double)) {
    double value = 0;
    std::memcpy(&value, bytes.data() + i, sizeof value);
    if (math::is_finite(value) && !math::is_finite(static_cast<T>(value))) {
      refuse_tensor(file.source, field.name, {"expected numbers within the range of F32, found a larger one"});
    }
  }
}

/// Writes the tensors with this metadata and, behind it, the checksum.
inline void write_with_checksum(std::string const& path, std::span<tensor_source const> tensors,
                                std::vector<metadata_entry> metadata) {
  metadata.push_back({std::string(checksum_key), std::string(checksum_blank)});
  auto const sorted = sorted_by_width(tensors);
  auto header = make_safetensors_header(sorted, metadata, path);
  auto const parts = pieces_of(header, sorted);
  fnv1a sum;
  for (auto const part : parts) sum.add(part);
  auto const digits = sum.hexadecimal();
  std::copy(digits.begin(), digits.end(), header.begin() + static_cast<std::ptrdiff_t>(find_checksum(header)));
  write_file_atomically(path, parts);
}

/// What `save_checkpoint` does once the parameters are listed; not a template, so compiled once.
inline void write_checkpoint(std::string const& path, std::vector<tensor_source> tensors, std::string_view description,
                             std::span<tensor_source const> training) {
  for (auto const& tensor : training) {
    if (!tensor.name.starts_with(training_prefix)) {
      std::string text;
      append(text, {"s2rm: ", path, ": expected a name that begins with 'train.', found ", quoted{tensor.name}});
      throw_error<value_error>(text);
    }
    tensors.push_back(tensor);
  }
  write_with_checksum(path, tensors,
                      {{std::string(format_key), training.empty() ? "1" : "2"},
                       {"s2rm.version", S2RM_VERSION_STRING},
                       {"s2rm.model", std::string(description)}});
}

}  // namespace detail

/// Writes a checkpoint, all or nothing (see `write_file_atomically`).
/// \param fields       names, shapes and offsets of the flat block: `net::fields`
/// \param values       the flat block
/// \param description  the model type in words, UTF-8
/// \param training     tensors besides the parameters; every name begins with "train."
/// \throws value_error on a training tensor of another name; file_error on text that is not UTF-8, a name that occurs
/// twice, or any failure of the disk. What stood at `path` before is then untouched.
template <class T>
void save_checkpoint(std::string const& path, std::span<field_info const> fields, T const* values,
                     std::string_view description, std::span<tensor_source const> training = {}) {
  static_assert(std::is_floating_point_v<T>);
  std::vector<tensor_source> tensors;
  for (auto const& field : fields) {
    auto const shape = detail::shape_of(field);
    tensors.push_back(source_of(std::string(field.name), {shape.begin(), shape.end()}, values + field.offset));
  }
  detail::write_checkpoint(path, std::move(tensors), description, training);
}

namespace detail {

/// The same from a file or from memory (`input_file`, `memory_input`).
template <class T, class Input>
checkpoint read_checkpoint(Input& input, std::string const& source, std::span<field_info const> fields,
                           std::span<training_field const> training, std::optional<safetensors_limits> const& limits) {
  checkpoint opened;
  opened.file = read_header(input, source, limits ? *limits : limits_for(fields, training));
  bool const own = check_metadata(opened.file);
  // A damaged header is not read as one that was written anew: no change of one byte leaves sound JSON with this key and
  // without these bytes.
  opened.verified = own && find_checksum(opened.file.header) != std::string_view::npos;
  check_names_and_shapes<T>(opened.file, fields, training);
  auto sum = opened.verified ? sum_of_header(opened.file) : fnv1a();
  read_wanted(
      input, opened.file,
      [&](tensor_info const& tensor) { return !training.empty() || !tensor.name.starts_with(training_prefix); }, sum);
  if (opened.verified) check_checksum(opened.file, sum);
  if (own) {
    opened.description = *opened.file.find_metadata("s2rm.model");
    opened.library_version = *opened.file.find_metadata("s2rm.version");
  }
  for (auto const& field : fields) check_range<T>(opened.file, field);
  return opened;
}

}  // namespace detail

/// Reads a checkpoint and checks all of it against a model with parameters of type T: exactly its names, its shapes,
/// F32 or F64, the checksum, and that no number leaves the range of T. The names and shapes are checked before the
/// payload is read.
/// \param training  the training state to take; every other name that begins with "train." is then refused. Empty:
///                   a training state in the file is skipped.
/// \param limits    for a file that is meant to hold more than the model does, such as long metadata
/// \throws file_error naming the file, the tensor, what was expected and what was found.
template <class T>
checkpoint open_checkpoint(std::string const& path, std::span<field_info const> fields,
                           std::span<training_field const> training = {},
                           std::optional<safetensors_limits> const& limits = std::nullopt) {
  static_assert(std::is_floating_point_v<T>);
  input_file input(path);
  return detail::read_checkpoint<T>(input, path, fields, training, limits);
}

/// The same from bytes in memory; `source` names them in error texts.
template <class T>
checkpoint open_checkpoint(std::span<std::byte const> bytes, std::string const& source,
                           std::span<field_info const> fields, std::span<training_field const> training = {},
                           std::optional<safetensors_limits> const& limits = std::nullopt) {
  static_assert(std::is_floating_point_v<T>);
  detail::memory_input input(bytes);
  return detail::read_checkpoint<T>(input, source, fields, training, limits);
}

/// Copies the parameters of a checkpoint that `open_checkpoint<T>` accepted for the same fields into the flat block.
/// F32 and F64 convert into each other. It cannot fail.
template <class T>
void copy_parameters(checkpoint const& opened, std::span<field_info const> fields, T* values) {
  for (auto const& field : fields) opened.file.copy(opened.file.at(field.name), values + field.offset);
}

/// `open_checkpoint`, then `copy_parameters`: `values` is either replaced completely or not touched.
/// \returns the checkpoint, for its description and the training state that was loaded.
/// \throws file_error naming the file, the tensor, what was expected and what was found.
template <class T>
checkpoint load_checkpoint(std::string const& path, std::span<field_info const> fields, T* values,
                           std::span<training_field const> training = {},
                           std::optional<safetensors_limits> const& limits = std::nullopt) {
  auto opened = open_checkpoint<T>(path, fields, training, limits);
  copy_parameters(opened, fields, values);
  return opened;
}

}  // namespace io
S2RM_NAMESPACE_END
