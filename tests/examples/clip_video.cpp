// How the example clip reads a video: .npy files, what it tells ffmpeg, and what it makes of what ffmpeg says. Where ffmpeg
// is installed, real files too.
#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>

#include "clip/crop.hpp"
#include "clip/footage.hpp"
#include "common/shell.hpp"
#include "s2rm/adapters/npy.hpp"
#include "support/catch.hpp"
#include "support/files.hpp"

using clip::selection;
using s2rm::test::complaint;
using s2rm::test::contains;
using s2rm::test::temporary_folder;
using s2rm::test::write_text;

namespace {

/// A program that does what the shell is told.
std::string program(temporary_folder const& in, std::string const& text) {
  auto const file = in / "program";
  write_text(file, "#!/bin/sh\n" + text + "\n");
  std::filesystem::permissions(file, std::filesystem::perms::owner_all);
  return file;
}

std::string refusal_of(std::string const& video, selection const& chosen, std::string const& ffmpeg = "ffmpeg") {
  return complaint([&] { static_cast<void>(clip::load(video, chosen, ffmpeg)); });
}

/// Instead of ffmpeg: notes its arguments, writes a picture of 768 x 480 or two grey frames of 12 x 11 into the last of
/// them, and says what it is told to say.
std::string pretender(temporary_folder const& in, std::string const& says = "") {
  return program(in, "for a; do echo \"<$a>\"; out=$a; done >>" + (in / "arguments") +
                         "\ncase $out in *.pgm) printf 'P5\\n768 480\\n255\\n' >\"$out\" ;;\n"
                         "*) head -c 264 /dev/zero | tr '\\0' 'A' >\"$out\" ;; esac\n" +
                         says);
}

bool has_ffmpeg() {
  static bool const found = std::system("command -v ffmpeg >/dev/null") == 0;
  return found;
}

/// ffmpeg's own picture of something that moves, 192 x 96, as a file.
std::string film(temporary_folder const& in, std::string const& name, std::string const& options = "",
                 int frames = 60) {
  auto const path = in / name.c_str();
  auto const status = std::system(("ffmpeg -nostdin -v error -y -f lavfi -i testsrc=size=192x96:rate=10 -frames:v " +
                                   std::to_string(frames) + " " + options + " " + examples::quote(path))
                                      .c_str());
  REQUIRE(status == 0);
  return path;
}

selection const small{.video = {}, .region = {}, .width = 22, .height = 16};

s2rm::index_t frames_of(std::string const& video, selection const& chosen = small) {
  return clip::load(video, chosen, "ffmpeg").frames();
}

void cut(std::string const& path, double share) {
  std::filesystem::resize_file(
      path, static_cast<std::uintmax_t>(share * static_cast<double>(std::filesystem::file_size(path))));
}

}  // namespace

TEST_CASE(".npy files are read as they are") {
  temporary_folder const work;
  auto const file = work / "frames.npy";
  auto frames = s2rm::make_tensor<std::uint8_t>(3, 12, 14);
  frames(2, 11, 13) = 200;
  s2rm::io::save_npy(file, frames);
  auto const video = clip::load(file, {}, "no such program");
  CHECK(video.width == 14);
  CHECK(video.height == 12);
  CHECK(video.frames() == 3);
  CHECK(video.pixels.back() == 200);
  CHECK(video.notes.empty());
  s2rm::io::save_npy(file, s2rm::make_tensor<std::uint8_t>(3, 12, 10));
  CHECK_THAT(refusal_of(file, {}), contains("found 10 x 12"));
  CHECK_THAT(refusal_of(work / "none.npy", {}), contains("none.npy: there is no such file"));
}

TEST_CASE("a region of a .npy file is cut, and a size is that of what is left") {
  temporary_folder const work;
  auto const file = work / "frames.npy";
  auto frames = s2rm::make_tensor<std::uint8_t>(2, 14, 16);
  for (std::size_t i = 0; i < frames.size(); ++i) frames.data()[i] = static_cast<std::uint8_t>(i % 251);
  s2rm::io::save_npy(file, frames);
  auto const cut_out = clip::load(file, {.video = {}, .region = "12:11:3:2", .width = 12, .height = 11}, "");
  REQUIRE((cut_out.width == 12 && cut_out.height == 11 && cut_out.frames() == 2));
  for (std::size_t t = 0; t < 2; ++t) {
    for (std::size_t y = 0; y < 11; ++y) {
      for (std::size_t x = 0; x < 12; ++x) CHECK(cut_out.pixels[(t * 11 + y) * 12 + x] == frames(t, y + 2, x + 3));
    }
  }
  CHECK_THAT(refusal_of(file, {.video = {}, .region = "5000:5000:0:0"}),
             contains("region: expected one within its pictures of 16 x 14 pixels, found 5000 x 5000 at 0, 0"));
  CHECK_THAT(refusal_of(file, {.video = {}, .region = "12:11:5:0"}), contains("found 12 x 11 at 5, 0"));
  CHECK_THAT(refusal_of(file, {.video = {}, .region = "banana"}), contains("region: expected W:H:X:Y"));
  CHECK_THAT(refusal_of(file, {.video = {}, .region = {}, .width = 96}), contains("expected --width 16 --height 14"));
  CHECK_THAT(refusal_of(file, {.video = {}, .region = {}, .width = 16, .height = 15}), contains("is not scaled"));
}

TEST_CASE(".npy files of masks are black and white") {
  temporary_folder const work;
  auto const file = work / "masks.npy";
  auto frames = s2rm::make_tensor<std::uint8_t>(2, 12, 14);
  frames(1, 0, 0) = 1;
  s2rm::io::save_npy(file, frames);
  auto bytes = s2rm::test::read_text(file);
  for (auto const* type : {"|u1", "|b1", "<b1", "|i1"}) {
    bytes.replace(bytes.find("'descr': '") + 10, 3, type);
    write_text(file, bytes);
    auto const video = clip::load(file, {}, "");
    CHECK(*std::max_element(video.pixels.begin(), video.pixels.end()) == 255);
    CHECK(video.pixels[12 * 14] == 255);
    REQUIRE(video.notes.size() == 1);
    CHECK_THAT(video.notes[0], contains("0 and 1 alone: taken as black and white"));
  }
  // Nothing at all is no mask, and a 2 among them makes them shades.
  s2rm::io::save_npy(file, s2rm::make_tensor<std::uint8_t>(2, 12, 14));
  CHECK(clip::load(file, {}, "").notes.empty());
  frames(0, 0, 0) = 2;
  s2rm::io::save_npy(file, frames);
  CHECK(clip::load(file, {}, "").pixels[12 * 14] == 1);
}

TEST_CASE("another video is decoded by ffmpeg, with the region and the size that were asked for") {
  temporary_folder const work;
  auto const video = work / "it's a film.avi";
  write_text(video, "anything");
  selection chosen{.video = {}, .region = "768:384:0:96", .width = 12, .height = 11};
  auto const made = clip::load(video, chosen, pretender(work));
  CHECK(made.width == 12);
  CHECK(made.height == 11);
  CHECK(made.frames() == 2);
  CHECK(std::all_of(made.pixels.begin(), made.pixels.end(), [](std::uint8_t g) { return g == 'A'; }));
  auto const noted = s2rm::test::read_text(work / "arguments");
  CHECK_THAT(noted, contains("<file:" + video + ">"));
  CHECK_THAT(noted, contains("<crop='if(gte(iw,768)*gte(ih,480),768,0)':384:0:96,scale=12:11:flags=area,format=gray>"));
  CHECK_THAT(noted, contains("<-fps_mode>\n<passthrough>"));
  CHECK_THAT(noted, contains("<rawvideo>"));
  // Rather than moved inside the picture, as ffmpeg does.
  for (auto const* outside : {"768:384:0:97", "769:384:0:0", "1:1:768:0", "0:384:0:0", "1:1:999999:999999"}) {
    chosen.region = outside;
    CHECK_THAT(refusal_of(video, chosen, pretender(work)), contains("within its pictures of 768 x 480 pixels, found"));
  }
  for (auto const* wrong : {"768x384", "1:2:3", "-1:2:3:4", "1:2:3:4:5", "99999999999:1:1:1"}) {
    chosen.region = wrong;
    CHECK_THAT(refusal_of(video, chosen, pretender(work)), contains("W:H:X:Y"));
  }
}

TEST_CASE("what ffmpeg cannot do is said in its words, and that it is not there in ours") {
  temporary_folder const work;
  auto const video = work / "film.avi";
  write_text(video, "anything");
  selection const chosen{.video = {}, .region = {}, .width = 12, .height = 11};
  CHECK_THAT(refusal_of(video, chosen, program(work, "for a; do out=$a; done; head -c 265 /dev/zero >\"$out\"")),
             contains("265 bytes"));
  auto const text = refusal_of(video, chosen, program(work, "echo moov atom not found; exit 1"));
  CHECK_THAT(text, contains("could not read it:\nmoov atom not found"));
  CHECK(text.find("install") == std::string::npos);
  CHECK_THAT(refusal_of(video, chosen, "no_such_program"),
             contains("there is no program 'no_such_program' to read it (Debian: scripts/install-deps --clip)"));
  CHECK_THAT(refusal_of(work / "none.avi", chosen), contains("none.avi: there is no such file"));
  CHECK_THAT(refusal_of(work.path(), chosen), contains("is a folder: name its pictures, as " + (work / "%04d.png")));
}

TEST_CASE("an ffmpeg from before 5.1 is told the same in its words") {
  temporary_folder const work;
  write_text(work / "film.avi", "anything");
  auto const old = pretender(work,
                             "case \"$*\" in *-fps_mode*) rm \"$out\"; echo \"[error] Unrecognized option "
                             "'fps_mode'.\"; exit 1;; esac");
  CHECK(clip::load(work / "film.avi", {.video = {}, .region = {}, .width = 12, .height = 11}, old).frames() == 2);
  CHECK_THAT(s2rm::test::read_text(work / "arguments"), contains("<-vsync>\n<passthrough>"));
}

TEST_CASE("what ffmpeg says of damage counts, also where it ends with 0") {
  temporary_folder const work;
  write_text(work / "film.avi", "anything");
  selection chosen{.video = {}, .region = {}, .width = 12, .height = 11};
  for (auto const* line : {"[mjpeg @ 0x1] [error] huffman table decode error", "[error] Error while decoding stream",
                           "[h264 @ 0x1] [fatal] no", "[warning] film.ts: corrupt decoded frame in stream 0",
                           "[avi @ 0x1] [warning] Packet corrupt (stream = 0, dts = 39)."}) {
    chosen.allow_damage = false;
    auto const ffmpeg = pretender(work, "echo '" + std::string(line) + "' >&2");
    auto const text = refusal_of(work / "film.avi", chosen, ffmpeg);
    CHECK_THAT(text, contains("film.avi: damaged: 2 frames could be read\n  " + std::string(line)));
    CHECK_THAT(text, contains("--allow-damage goes on with them"));
    chosen.allow_damage = true;
    auto const allowed = clip::load(work / "film.avi", chosen, ffmpeg);
    REQUIRE((allowed.frames() == 2 && allowed.notes.size() == 1));
    CHECK_THAT(allowed.notes[0], contains(line));
  }
  chosen.allow_damage = false;
  CHECK(
      clip::load(work / "film.avi", chosen, pretender(work, "echo '[warning] deprecated pixel format' >&2")).frames() ==
      2);
}

TEST_CASE("every frame once, whatever the clock says") {
  if (!has_ffmpeg()) return;
  temporary_folder const work;
  CHECK(frames_of("examples/video/browser_1000fps.webm") == 60);
  CHECK(frames_of(film(work, "a.gif")) == 60);
  CHECK(frames_of(film(work, "a.mp4")) == 60);
  CHECK(frames_of(film(work, "a.avi", "-c:v mjpeg")) == 60);
  // Frames whose distances differ, and two that follow each other after a pause.
  CHECK(frames_of(film(work, "uneven.mkv", "-vf 'setpts=N*N/(10*TB)' -fps_mode passthrough -c:v mpeg4")) == 60);
  CHECK(frames_of(film(work, "50 % off: \"a\".mp4")) == 60);
}

TEST_CASE("damaged and shortened files are refused, unless they are allowed") {
  if (!has_ffmpeg()) return;
  temporary_folder const work;
  auto const damaged = std::string("examples/video/damaged.avi");
  CHECK_THAT(refusal_of(damaged, small), contains("damaged.avi: damaged: "));
  auto allowed = small;
  allowed.allow_damage = true;
  CHECK(frames_of(damaged, allowed) > 50);
  for (auto const* name : {"a.gif", "a.avi", "a.mkv", "a.flv", "a.apng"}) {
    auto const path = film(work, name);
    CHECK(frames_of(path) == 60);
    cut(path, 0.6);
    INFO(name);
    CHECK_THAT(refusal_of(path, small), contains("damaged: "));
    CHECK(frames_of(path, allowed) < 60);
  }
  auto const head_first = film(work, "a.mp4", "-movflags +faststart");
  cut(head_first, 0.6);
  CHECK_THAT(refusal_of(head_first, small), contains("damaged: "));
}

TEST_CASE("numbered pictures, globs and URLs") {
  if (!has_ffmpeg()) return;
  temporary_folder const work;
  static_cast<void>(film(work, "%04d.png", "", 12));
  CHECK(frames_of(work / "%04d.png") == 12);
  CHECK(frames_of(work / "*.png") == 12);
  std::filesystem::remove(work / "0007.png");
  CHECK_THAT(refusal_of(work / "%04d.png", small), contains("damaged: "));
  CHECK(frames_of(work / "*.png") == 11);
  CHECK_THAT(refusal_of(work / "none%04d.png", small), contains("could not read it:"));
  auto const path = film(work, "a.mp4");
  CHECK(frames_of("file:" + path) == 60);
  CHECK(frames_of("concat:" + film(work, "a.ts") + "|" + (work / "a.ts"),
                  {.video = {}, .region = {}, .width = 22, .height = 16, .allow_damage = true}) >= 119);
  CHECK_THAT(refusal_of("http://127.0.0.1:1/a.mp4", small), contains("could not read it:"));
}

TEST_CASE("a region is of the upright picture, and of every picture") {
  if (!has_ffmpeg()) return;
  temporary_folder const work;
  auto const path = film(work, "a.mp4");
  auto region = small;
  region.region = "100:80:150:50";
  CHECK_THAT(refusal_of(path, region), contains("within its pictures of 192 x 96 pixels, found 100 x 80 at 150, 50"));
  region.region = "100:80:92:16";
  CHECK(frames_of(path, region) == 60);
  auto const turned = work / "turned.mp4";
  REQUIRE(std::system(("ffmpeg -nostdin -v error -i " + path + " -c copy -metadata:s:v rotate=90 " + turned).c_str()) ==
          0);
  region.region = "90:180:0:0";
  CHECK(frames_of(turned, region) == 60);
  CHECK_THAT(refusal_of(path, region), contains("of 192 x 96 pixels"));
  // A picture that is smaller than the first.
  static_cast<void>(film(work, "%d.png", "", 3));
  static_cast<void>(std::system(("ffmpeg -nostdin -v error -y -i " + (work / "2.png") + " -vf scale=96:48 " +
                                 (work / "s.png") + " && mv " + (work / "s.png") + " " + (work / "2.png"))
                                    .c_str()));
  region.region = "100:80:92:16";
  CHECK_THAT(refusal_of(work / "%d.png", region), contains("could not read it:"));
}
