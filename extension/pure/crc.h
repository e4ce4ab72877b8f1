/*
 * extension/pure/crc.h
 *		CRC-64/NVME, which Azure Blob Storage takes as a checksum of what it is sent, and the
 *		CRC-32 of PNG.
 *
 * Sources: NVM Express, NVM Command Set Specification, 64b CRC: the polynomial AD93D23594C93659;
 * ISO 3309 (PNG, Annex D): the polynomial 04C11DB7. Both are reflected, with all bits inverted at
 * the beginning and at the end. Of "123456789" they are AE8B14860A799888 and CBF43926.
 */
#ifndef NACHET_CRC_H
#define NACHET_CRC_H

#include <stddef.h>
#include <stdint.h>

/* The checksum of bytes behind those whose checksum is given, 0 if there are none. */
extern uint64_t nachet_crc64_add(uint64_t crc, const void *bytes, size_t length);
extern uint32_t nachet_crc32_add(uint32_t crc, const void *bytes, size_t length);

#endif
