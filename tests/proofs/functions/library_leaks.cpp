// libcln, which comes with cvc5, never frees what it makes while it is loaded. LeakSanitizer asks
// this function, by this name, for what is not ours.
extern "C" const char* __lsan_default_suppressions();
extern "C" const char* __lsan_default_suppressions() { return "leak:libcln"; }
