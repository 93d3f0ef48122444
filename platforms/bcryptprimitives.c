/* Random bytes under the name by which Rust's standard library asks for them, for a Wine that has them only under another.
 * For tests under Wine alone; on Windows the system's own library of this name is used. */
#include <windows.h>
#include <ntsecapi.h>

__declspec(dllexport) BOOL WINAPI ProcessPrng(PBYTE bytes, SIZE_T length)
{
    while (length > 0) {
        ULONG piece = length > 0x1000000 ? 0x1000000 : (ULONG)length;
        if (!RtlGenRandom(bytes, piece))
            return FALSE;
        bytes += piece;
        length -= piece;
    }
    return TRUE;
}
