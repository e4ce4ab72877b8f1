#ifndef NACHET_PICTURE_JPEG_H
#define NACHET_PICTURE_JPEG_H

#include "picture_reader.h"

#define MARKER_TEM   0x01
#define MARKER_SOF0  0xc0
#define MARKER_SOF1  0xc1
#define MARKER_SOF2  0xc2
#define MARKER_SOF3  0xc3
#define MARKER_DHT   0xc4
#define MARKER_JPG   0xc8
#define MARKER_SOF11 0xcb
#define MARKER_DAC   0xcc
#define MARKER_SOF15 0xcf
#define MARKER_RST0  0xd0
#define MARKER_RST7  0xd7
#define MARKER_SOI   0xd8
#define MARKER_EOI   0xd9
#define MARKER_SOS   0xda
#define MARKER_DQT   0xdb
#define MARKER_DRI   0xdd
#define MARKER_DHP   0xde
#define MARKER_SOF55 0xf7 /* ITU-T T.87, JPEG-LS */

/*
 * Whether the source holds all of the picture's scans and nothing else, so that the end marker
 * alone, or its second byte, is missing. Said only of sequential frames with Huffman codes (SOF0,
 * SOF1). The status is OK, or that the source fails.
 */
extern NachetPictureStatus nachet_picture_jpeg_scans_are_whole(NachetReader *reader, bool *whole);

#endif
