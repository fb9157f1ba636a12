# The CMake toolchain of a prebuild: this machine's GCC against the glibc 2.17 of the sysroot.
# scripts/prebuilds.mjs sets the variables.
set(CMAKE_SYSTEM_NAME Linux)
set(CMAKE_SYSTEM_PROCESSOR $ENV{HEDDLE_PREBUILD_PROCESSOR})
set(CMAKE_CXX_COMPILER $ENV{HEDDLE_PREBUILD_CXX})

# Compiled with this machine's headers, which GCC's C++ library was configured for, and linked with
# the sysroot, which gives every symbol its old version; scripts/native/floors.mjs finds a function
# that the sysroot lacks. So it is not CMAKE_SYSROOT.
set(heddle_link "-L$ENV{HEDDLE_PREBUILD_LIBGOMP} $ENV{HEDDLE_PREBUILD_SYSROOT_OPTIONS}")
foreach(kind EXE SHARED MODULE)
  set(CMAKE_${kind}_LINKER_FLAGS_INIT "${heddle_link} -static-libstdc++ -Wl,--as-needed")
endforeach()
set(OpenMP_gomp_LIBRARY "$ENV{HEDDLE_PREBUILD_LIBGOMP}/libgomp.so" CACHE FILEPATH "")
# What the static C++ library asks for that is newer than the sysroot.
set(HEDDLE_EXTRA_SOURCES "${CMAKE_CURRENT_LIST_DIR}/glibc217.cpp")
