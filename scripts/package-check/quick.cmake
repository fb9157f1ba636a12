# The build from source of scripts/test-package.mjs: whether the package has all that it is compiled of. How
# fast the result is, other builds show.
set(CMAKE_CXX_FLAGS_RELEASE "-O0" CACHE STRING "")
