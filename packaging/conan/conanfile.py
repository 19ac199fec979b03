"""s2rm for Conan 2: headers and the project's own CMake package. See packaging/README.md."""

import os
import re

from conan import ConanFile
from conan.tools.build import check_min_cppstd
from conan.tools.cmake import CMake, CMakeDeps, CMakeToolchain, cmake_layout
from conan.tools.files import copy, load


class S2rm(ConanFile):
    name = "s2rm"
    description = "Spatially structured recurrent modules: a header-only C++20 library"
    license = "MIT"
    topics = ("recurrent-neural-network", "world-model", "header-only")
    package_type = "header-library"
    settings = "os", "arch", "compiler", "build_type"
    no_copy_source = True

    def set_version(self):
        config = load(self, os.path.join(self.recipe_folder, "../../include/s2rm/core/config.hpp"))
        parts = [re.search(rf"#define S2RM_VERSION_{part} (\d+)", config).group(1) for part in ("MAJOR", "MINOR", "PATCH")]
        self.version = ".".join(parts)

    def export_sources(self):
        root = os.path.join(self.recipe_folder, "../..")
        for pattern in ("CMakeLists.txt", "LICENSE", "cmake/*", "include/*"):
            copy(self, pattern, root, self.export_sources_folder)

    def requirements(self):
        self.requires("eigen/[>=3.4 <6]", transitive_headers=True)
        self.requires("xtensor/[>=0.24 <1]", transitive_headers=True)
        self.requires("rapidjson/[>=1.1]", transitive_headers=True)

    def validate(self):
        check_min_cppstd(self, 20)

    def layout(self):
        cmake_layout(self)

    def generate(self):
        toolchain = CMakeToolchain(self)
        for part in ("TESTS", "EXAMPLES", "BENCHMARKS"):
            toolchain.cache_variables[f"S2RM_BUILD_{part}"] = "OFF"
        toolchain.cache_variables["S2RM_CUDA"] = "OFF"
        toolchain.cache_variables["S2RM_MPI"] = "OFF"
        toolchain.generate()
        CMakeDeps(self).generate()

    def build(self):
        CMake(self).configure()

    def package(self):
        copy(self, "LICENSE", self.source_folder, os.path.join(self.package_folder, "licenses"))
        CMake(self).install()

    def package_id(self):
        self.info.clear()

    def package_info(self):
        # The package's own s2rmConfig.cmake is what consumers find, not one that Conan writes.
        self.cpp_info.set_property("cmake_find_mode", "none")
        self.cpp_info.builddirs = [os.path.join("share", "cmake", "s2rm")]
        self.cpp_info.bindirs = []
        self.cpp_info.libdirs = []
