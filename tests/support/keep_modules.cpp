// In place of the system's: modules that a library loads stay where they are until the program ends, so that what they
// still hold can be told apart by their names (cmake/mpi_leaks.supp).
extern "C" int dlclose(void* /*module*/) { return 0; }
