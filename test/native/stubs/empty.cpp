// The right name for an OpenBLAS, and none of its functions.
extern "C" int openblas_of_another_kind() { return 0; }
