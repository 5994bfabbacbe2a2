/*
 * crc32c.h - CRC-32C (Castagnoli), the checksum of the journal's seals.
 *
 * Polynomial 0x1EDC6F41, reflected, all ones before and after: the CRC of
 * iSCSI, ext4 and SSE4.2's instruction.  crc32c of "123456789" is e3069283.
 */
#ifndef BASE_CRC32C_H
#define BASE_CRC32C_H

#include <stddef.h>
#include <stdint.h>

/* Goes on from crc, which is 0 at the start. */
uint32_t crc32c(uint32_t crc, const void *p, size_t n);
/* The same without the processor's help; for tests and other machines. */
uint32_t crc32c_portable(uint32_t crc, const void *p, size_t n);

#endif
