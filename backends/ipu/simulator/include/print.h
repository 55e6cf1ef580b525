// printf for codelets.
#ifndef AXONC_IPU_PRINT_H
#define AXONC_IPU_PRINT_H
#include <cstdio>
using std::printf;
#endif
