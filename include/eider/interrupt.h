#pragma once
/// \file
/// How a surface stops long work: it sets a hook for its thread, and the engine calls the hook now and then.

#include <eider/export.h>

namespace eider {

/// May throw Error(kCancelled), or any exception of the surface's own: it passes through the engine unchanged.
using InterruptHook = void (*)();
/// Sets the hook for the calling thread (nullptr: none), returns the former one.
EIDER_EXPORT InterruptHook SetInterruptHook(InterruptHook hook);
/// Long work calls this now and then. Only the thread that entered Eider has a hook; on the others this throws Error(kCancelled) once that
/// thread has given up what they work on.
EIDER_EXPORT void CheckInterrupt();

}  // namespace eider
