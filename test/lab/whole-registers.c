/*
 * Lets User-Mode Linux run on a CPU whose registers are larger than it knows, such as one with AMX.
 *
 * UML of Linux 6.1 has room for 2696 bytes of floating-point registers (HOST_FP_SIZE in arch/x86/um/user-offsets.c). The host takes
 * them by PTRACE_SETREGSET only as a whole, and answers EFAULT otherwise (xstateregs_set in arch/x86/kernel/fpu/regset.c): the guest
 * dies before its first process. This library stands between the two: it fills what UML does not know with zeros. The header of the
 * registers says which parts are in use, and those that UML does not know are not.
 *
 * cc -shared -fPIC -O2 -o whole-registers.so whole-registers.c -ldl; then LD_PRELOAD.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <elf.h>
#include <stdarg.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/uio.h>

typedef long (*ptrace_function)(int, ...);

/* UML traces from one thread, whose stack is small. */
static char whole[65536];

static long set_registers(ptrace_function next, long pid, struct iovec *given) {
  struct iovec all = {whole, sizeof whole};
  long result = next(PTRACE_GETREGSET, pid, (void *)NT_X86_XSTATE, &all);
  if (result != 0 || all.iov_len <= given->iov_len) return next(PTRACE_SETREGSET, pid, (void *)NT_X86_XSTATE, given);
  memset(whole, 0, all.iov_len);
  memcpy(whole, given->iov_base, given->iov_len);
  return next(PTRACE_SETREGSET, pid, (void *)NT_X86_XSTATE, &all);
}

long ptrace(enum __ptrace_request request, ...) {
  static ptrace_function next;
  va_list arguments;
  va_start(arguments, request);
  long pid = va_arg(arguments, int);
  void *address = va_arg(arguments, void *);
  void *data = va_arg(arguments, void *);
  va_end(arguments);
  if (next == NULL) next = (ptrace_function)dlsym(RTLD_NEXT, "ptrace");
  if (request == PTRACE_SETREGSET && address == (void *)NT_X86_XSTATE) return set_registers(next, pid, data);
  return next(request, pid, address, data);
}
