#ifndef POPLAR_EXCEPTIONS_HPP
#define POPLAR_EXCEPTIONS_HPP

#include <stdexcept>

namespace poplar {

#define AXONC_IPU_ERROR(NAME, BASE)                                                                                    \
  struct NAME : BASE {                                                                                                 \
    using BASE::BASE;                                                                                                  \
  }

struct poplar_error : std::runtime_error {
  using std::runtime_error::runtime_error;
};
AXONC_IPU_ERROR(graph_connection_error, poplar_error);
AXONC_IPU_ERROR(graph_cycle_error, poplar_error);
AXONC_IPU_ERROR(graph_memory_allocation_error, poplar_error);
AXONC_IPU_ERROR(graph_object_creation_error, poplar_error);
AXONC_IPU_ERROR(graph_object_load_error, poplar_error);
AXONC_IPU_ERROR(graph_program_compilation_error, poplar_error);
AXONC_IPU_ERROR(graph_recursion_error, poplar_error);
AXONC_IPU_ERROR(index_error, poplar_error);
AXONC_IPU_ERROR(invalid_machine_model, poplar_error);
AXONC_IPU_ERROR(invalid_option, poplar_error);
AXONC_IPU_ERROR(invalid_tile_mapping, poplar_error);
AXONC_IPU_ERROR(control_program_error, poplar_error);
AXONC_IPU_ERROR(link_error, poplar_error);
AXONC_IPU_ERROR(memory_elem_constraints_error, poplar_error);
AXONC_IPU_ERROR(no_environment, poplar_error);
AXONC_IPU_ERROR(parse_error, poplar_error);
AXONC_IPU_ERROR(profiling_disabled, poplar_error);
AXONC_IPU_ERROR(runtime_error, poplar_error);
AXONC_IPU_ERROR(application_runtime_error, runtime_error);
AXONC_IPU_ERROR(stream_connection_error, poplar_error);
AXONC_IPU_ERROR(stream_memory_allocation_error, poplar_error);
AXONC_IPU_ERROR(symbol_error, poplar_error);
AXONC_IPU_ERROR(tensor_creation_error, poplar_error);
AXONC_IPU_ERROR(tensor_io_state_error, poplar_error);
AXONC_IPU_ERROR(type_error, poplar_error);
AXONC_IPU_ERROR(undefined_data_error, poplar_error); // of this simulator: data nobody wrote was used

#undef AXONC_IPU_ERROR

} // namespace poplar

#endif
