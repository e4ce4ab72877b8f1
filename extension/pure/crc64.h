/*
 * extension/pure/crc64.h
 *		CRC-64/NVME, which Azure Blob Storage takes as a checksum of what it is sent.
 *
 * Source: NVM Express, NVM Command Set Specification, 64b CRC: the polynomial AD93D23594C93659, reflected,
 * with all bits inverted at the beginning and at the end. Of "123456789" it is AE8B14860A799888.
 */
#ifndef NACHET_CRC64_H
#define NACHET_CRC64_H

#include <stddef.h>
#include <stdint.h>

/*
 * The checksum of bytes behind those whose checksum is given, 0 where there are none. The first call of a
 * process makes the tables: it must not run beside another.
 */
extern uint64_t nachet_crc64_add(uint64_t crc, const void *bytes, size_t length);

#endif
