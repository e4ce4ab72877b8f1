#!/bin/sh
# test/pure/make-pictures.sh
#		Makes the pictures of test/pure/pictures: true files of each format by independent encoders.
#
# The tests need none of these tools: the pictures are committed, and this script says where they
# come from. To make them anew, on Debian: apt-get install imagemagick graphicsmagick netpbm
# libjpeg-turbo-progs libtiff-tools gifsicle webp ffmpeg python3. Where a tool cannot write a variant,
# python3 changes a true file's bytes (a marker, a tag), and the variant's name starts with "edited".
#
# A new picture also needs its row in pictures/pictures.tsv: what the test expects of it.
#
# usage: test/pure/make-pictures.sh [FOLDER]
set -eu

out=${1:-$(dirname "$0")/pictures}
mkdir -p "$out"
cd "$out"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# --- sources: 17 x 11 pixels, so that no side is a multiple of a block, a word or the other -------------
pgmramp -lr 17 11 > "$work/ramp.pgm"
pgmramp -ellipse 17 11 > "$work/ellipse.pgm"
rgb3toppm "$work/ramp.pgm" "$work/ellipse.pgm" "$work/ramp.pgm" > "$work/rgb.ppm"
pamdepth 65535 "$work/rgb.ppm" > "$work/rgb16.ppm" 2> /dev/null
pamditherbw -threshold "$work/ellipse.pgm" | pamtopnm > "$work/bits.pbm"
pnmquant 16 "$work/rgb.ppm" > "$work/16.ppm" 2> /dev/null
pnmflip -leftright "$work/rgb.ppm" > "$work/flipped.ppm"
pamscale -xsize 64 -ysize 48 "$work/rgb.ppm" > "$work/64x48.ppm" 2> /dev/null
frames() { ffmpeg -loglevel error -y -fflags +bitexact -flags:v +bitexact "$@"; }

# --- JPEG: libjpeg-turbo, ImageMagick, GraphicsMagick, ffmpeg, netpbm ------------------------------------
cjpeg -quality 50 "$work/rgb.ppm" > libjpeg-baseline.jpg
cjpeg -quality 50 -progressive "$work/rgb.ppm" > libjpeg-progressive.jpg
cjpeg -quality 50 -restart 1B "$work/64x48.ppm" > libjpeg-restarts.jpg
printf '0;\n1 2;\n' > "$work/scans"
cjpeg -quality 50 -restart 1B -scans "$work/scans" "$work/64x48.ppm" > libjpeg-scans.jpg
cjpeg -quality 50 -arithmetic "$work/rgb.ppm" > libjpeg-arithmetic.jpg
cjpeg -quality 50 -arithmetic -progressive "$work/rgb.ppm" > libjpeg-arithmetic-progressive.jpg
cjpeg -quality 30 -grayscale "$work/rgb.ppm" > libjpeg-grey.jpg
cjpeg -quality 80 -sample 1x1 -optimize "$work/rgb.ppm" > libjpeg-444.jpg
convert "$work/rgb.ppm" -colorspace CMYK -strip -quality 40 im-cmyk.jpg
gm convert "$work/rgb.ppm" -quality 40 -comment "a comment" gm-comment.jpg
frames -i "$work/rgb.ppm" -frames:v 1 -huffman optimal ffmpeg.jpg

# Exif with a thumbnail, whose own SOI, SOF and EOI must mislead no one
cjpeg -quality 30 -grayscale "$work/ramp.pgm" > "$work/thumbnail.jpg"
python3 - "$work/thumbnail.jpg" libjpeg-baseline.jpg edited-exif-thumbnail.jpg << 'PY'
import struct, sys
thumbnail, picture = (open(name, 'rb').read() for name in sys.argv[1:3])
def entry(tag, kind, count, value):
    return struct.pack('<HHII', tag, kind, count, value)
first = struct.pack('<H', 1) + entry(0x0112, 3, 1, 1) + struct.pack('<I', 8 + 18)
second = struct.pack('<H', 3) + entry(0x0103, 3, 1, 6) + entry(0x0201, 4, 1, 8 + 18 + 42) \
    + entry(0x0202, 4, 1, len(thumbnail)) + struct.pack('<I', 0)
exif = b'Exif\0\0' + b'II*\0\x08\0\0\0' + first + second + thumbnail
open(sys.argv[3], 'wb').write(b'\xff\xd8\xff\xe1' + struct.pack('>H', 2 + len(exif)) + exif + picture[2:])
PY
# fill bytes before markers (T.81, B.1.1.2), and what follows an end: zeros, a second picture, a text
python3 - libjpeg-baseline.jpg << 'PY'
import sys
picture = open(sys.argv[1], 'rb').read()
body = picture.index(b'\xff\xdb')
open('edited-fill-bytes.jpg', 'wb').write(
    picture[:body] + b'\xff\xff\xff' + picture[body:-2] + b'\xff\xff' + picture[-2:])
open('edited-zeros-after.jpg', 'wb').write(picture + bytes(300))
open('edited-second-after.jpg', 'wb').write(picture + picture)
open('edited-text-after.jpg', 'wb').write(picture + b'made by a camera\n')
PY

# --- PNG: libpng (netpbm), ImageMagick, GraphicsMagick, ffmpeg -------------------------------------------
pnmtopng "$work/rgb.ppm" > libpng-rgb.png 2> /dev/null
pnmtopng -force "$work/rgb16.ppm" > libpng-rgb16.png 2> /dev/null
pnmtopng -interlace "$work/rgb.ppm" > libpng-interlaced.png 2> /dev/null
pnmtopng "$work/ramp.pgm" > libpng-grey.png 2> /dev/null
pnmtopng "$work/bits.pbm" > libpng-bits.png 2> /dev/null
pnmtopng "$work/16.ppm" > libpng-palette.png 2> /dev/null
convert "$work/rgb.ppm" -alpha set -channel A -evaluate set 50% -strip im-rgba.png
convert "$work/rgb.ppm" -colorspace Gray -depth 16 -strip im-grey16.png
gm convert "$work/rgb.ppm" -comment "a comment" gm.png
frames -i "$work/rgb.ppm" -i "$work/flipped.ppm" \
    -filter_complex "[0][1]concat=n=2:v=1" -plays 0 -f apng ffmpeg-animated.png
frames -i "$work/rgb.ppm" -frames:v 1 ffmpeg.png
python3 - libpng-rgb.png << 'PY'
import sys
picture = open(sys.argv[1], 'rb').read()
open('edited-text-after.png', 'wb').write(picture + b'appended\n')
PY

# --- GIF: gifsicle, netpbm, ImageMagick, GraphicsMagick, ffmpeg ------------------------------------------
pamtogif "$work/16.ppm" > netpbm.gif 2> /dev/null
pamtogif -interlace "$work/bits.pbm" > netpbm-interlaced.gif 2> /dev/null
convert "$work/rgb.ppm" -colors 8 -comment "a comment" im.gif
gm convert "$work/16.ppm" "$work/bits.pbm" -delay 10 -loop 0 gm-animated.gif
pnmquant 16 "$work/flipped.ppm" 2> /dev/null | pamtogif > "$work/flipped.gif" 2> /dev/null
gifsicle --delay 5 --loopcount=forever netpbm.gif "$work/flipped.gif" > gifsicle-animated.gif
gifsicle --careful --no-comments -O3 netpbm.gif > gifsicle-87a.gif
frames -i "$work/rgb.ppm" -frames:v 1 -vf "split[a][b];[a]palettegen=max_colors=8[p];[b][p]paletteuse" ffmpeg.gif
python3 - netpbm.gif << 'PY'
import sys
picture = open(sys.argv[1], 'rb').read()
open('edited-zeros-after.gif', 'wb').write(picture + bytes(40))
open('edited-zeros-between.gif', 'wb').write(picture[:-1] + bytes(2) + picture[-1:])
PY

# --- BMP: netpbm, ImageMagick, GraphicsMagick, ffmpeg ----------------------------------------------------
ppmtobmp -bpp 24 "$work/rgb.ppm" > netpbm-24.bmp 2> /dev/null
ppmtobmp "$work/16.ppm" > netpbm-palette.bmp 2> /dev/null
ppmtobmp "$work/bits.pbm" > netpbm-bits.bmp 2> /dev/null
ppmtobmp -os2 "$work/16.ppm" > netpbm-os2.bmp 2> /dev/null
convert "$work/rgb.ppm" -type TrueColor BMP3:im-v3.bmp
convert "$work/rgb.ppm" BMP2:im-v2.bmp
convert "$work/rgb.ppm" -alpha set -channel A -evaluate set 50% -strip im-v5-alpha.bmp
convert "$work/16.ppm" -type Palette -compress RLE BMP3:im-rle8.bmp
convert "$work/rgb.ppm" -define bmp:subtype=RGB565 im-rgb565.bmp
gm convert "$work/rgb.ppm" gm.bmp
frames -i "$work/rgb.ppm" -frames:v 1 -pix_fmt rgb565le ffmpeg-rgb565.bmp
frames -i "$work/rgb.ppm" -frames:v 1 -pix_fmt bgra ffmpeg-bgra.bmp
python3 - netpbm-24.bmp im-v5-alpha.bmp << 'PY'
import struct, sys
picture, v5 = (open(name, 'rb').read() for name in sys.argv[1:3])
# rows from top to bottom: a negative height
open('edited-top-down.bmp', 'wb').write(
    picture[:22] + struct.pack('<i', -struct.unpack('<i', picture[22:26])[0]) + picture[26:])
# two bytes after the pixels, as some painting programs leave them
open('edited-padding-after.bmp', 'wb').write(
    picture[:2] + struct.pack('<I', len(picture) + 2) + picture[6:] + bytes(2))
# a bfSize of 0
open('edited-no-file-size.bmp', 'wb').write(picture[:2] + bytes(4) + picture[6:])
# an embedded colour profile after the pixels (BITMAPV5HEADER)
assert struct.unpack('<I', v5[14:18])[0] == 124
profile = b'profile.' * 5
head = bytearray(v5)
head[2:6] = struct.pack('<I', len(v5) + len(profile))
head[14 + 56:14 + 60] = b'DEBM'
head[14 + 112:14 + 120] = struct.pack('<II', len(v5) - 14, len(profile))
open('edited-v5-profile.bmp', 'wb').write(bytes(head) + profile)
PY

# --- TIFF: libtiff's tools, netpbm, ImageMagick, GraphicsMagick, ffmpeg ----------------------------------
pnmtotiff -truecolor -none -rowsperstrip 4 < "$work/rgb.ppm" > netpbm.tiff 2> /dev/null
pnmtotiff -packbits < "$work/bits.pbm" > netpbm-packbits.tiff 2> /dev/null
tiffcp -c lzw -r 4 netpbm.tiff libtiff-lzw.tiff
tiffcp -c zip -r 4 netpbm.tiff libtiff-deflate.tiff
tiffcp -c jpeg:50 -r 16 netpbm.tiff libtiff-jpeg.tiff
tiffcp -B -c lzw netpbm.tiff libtiff-mm.tiff
tiffcp -8 -c lzw -r 4 netpbm.tiff libtiff-big.tiff
tiffcp -8 -B -c none -r 2 netpbm.tiff libtiff-big-mm.tiff
tiffcp -t -w 16 -l 16 -c lzw netpbm.tiff libtiff-tiles.tiff
tiffcp -8 -t -w 16 -l 16 -c zip netpbm.tiff libtiff-big-tiles.tiff
tiffcp -p separate -c none -r 5 netpbm.tiff libtiff-planes.tiff
tiffcp -c g4 netpbm-packbits.tiff libtiff-g4.tiff
tiffcp -c lzw netpbm.tiff netpbm-packbits.tiff libtiff-lzw.tiff libtiff-pages.tiff
head -c 561 /dev/zero > "$work/raw"
raw2tiff -w 17 -l 11 -b 3 -d byte -c none "$work/raw" libtiff-raw.tiff
cp libtiff-lzw.tiff libtiff-description.tiff
tiffset -s 270 "a description that does not fit in four bytes" libtiff-description.tiff
convert "$work/rgb.ppm" -compress none -strip im.tiff
convert "$work/rgb.ppm" -compress Zip -define tiff:tile-geometry=16x16 -strip ptif:im-pyramid.tiff
convert "$work/rgb16.ppm" -compress LZW -endian MSB -strip im-rgb16-mm.tiff
convert "$work/rgb.ppm" "$work/bits.pbm" -compress Zip -strip im-pages.tiff
gm convert "$work/rgb.ppm" -compress LZW gm-lzw.tiff
frames -i "$work/rgb.ppm" -frames:v 1 -compression_algo deflate ffmpeg-deflate.tiff
frames -i "$work/rgb.ppm" -frames:v 1 -compression_algo raw ffmpeg-raw.tiff
python3 - "$work/rgb.ppm" libjpeg-grey.jpg << 'PY'
import struct, sys
pixels = open(sys.argv[1], 'rb').read()[-561:]
jpeg = open(sys.argv[2], 'rb').read()
def entry(tag, kind, count, value):
    return struct.pack('<HHI', tag, kind, count) + (
        struct.pack('<HH', value, 0) if kind == 3 else struct.pack('<I', value))
def directory(entries, following=0):
    return struct.pack('<H', len(entries)) + b''.join(entries) + struct.pack('<I', following)
def image(offset, *more, width=17, height=11, samples=3):
    return [entry(256, 3, 1, width), entry(257, 3, 1, height), entry(258, 3, 1, 8),
            entry(259, 3, 1, 1), entry(262, 3, 1, 2 if samples == 3 else 1),
            entry(273, 4, 1, offset), entry(277, 3, 1, samples), *more]
head = b'II*\0\x08\0\0\0'
def write(name, *parts):
    open(name, 'wb').write(head + b''.join(parts))
# one strip without StripByteCounts, as old writers leave it
start = 8 + 2 + 7 * 12 + 4
write('edited-no-counts.tiff', directory(image(start)), pixels)
# a half-size sub-IFD (Technical Note 1), its pixels last; Exif and GPS directories last
small = 8 * 5 * 3
start = 8 + 2 + 9 * 12 + 4
write('edited-sub-ifd.tiff',
      directory(image(start, entry(279, 4, 1, 561), entry(330, 4, 1, start + 561))), pixels,
      directory(image(start + 561 + 102, entry(279, 3, 1, small), width=8, height=5)), bytes(small))
start = 8 + 2 + 10 * 12 + 4
exif = start + 561
gps = exif + 2 + 12 + 4 + 8
write('edited-exif.tiff',
      directory(image(start, entry(279, 4, 1, 561), entry(34665, 4, 1, exif),
                      entry(34853, 4, 1, gps))), pixels,
      directory([entry(33434, 5, 1, exif + 18)]), struct.pack('<II', 1, 60),
      directory([entry(6, 5, 1, gps + 18)]), struct.pack('<II', 100, 1))
# old-style JPEG (section 22): a stream in JPEGInterchangeFormat, no strips
ojpeg = image(0, entry(513, 4, 1, 8 + 2 + 8 * 12 + 4), entry(514, 4, 1, len(jpeg)), samples=1)
ojpeg = [field for field in ojpeg if struct.unpack('<H', field[:2])[0] not in (259, 273)]
ojpeg.insert(3, entry(259, 3, 1, 6))
write('edited-ojpeg.tiff', directory(ojpeg), jpeg)
PY

# --- WebP: libwebp's tools, ffmpeg (its own container writer) --------------------------------------------
cwebp -quiet -q 30 "$work/rgb.ppm" -o libwebp-lossy.webp
cwebp -quiet -lossless "$work/rgb.ppm" -o libwebp-lossless.webp
cwebp -quiet -q 30 im-rgba.png -o libwebp-alpha.webp
img2webp -d 50 -lossy -q 20 libpng-rgb.png libpng-interlaced.png im-rgba.png -o libwebp-animated.webp > /dev/null 2>&1
printf 'a profile' > "$work/profile"
webpmux -set icc "$work/profile" libwebp-lossless.webp -o libwebp-icc.webp > /dev/null 2>&1
webpmux -set exif "$work/profile" libwebp-lossy.webp -o libwebp-exif.webp > /dev/null 2>&1
frames -i "$work/rgb.ppm" -i "$work/flipped.ppm" -filter_complex "[0][1]concat=n=2:v=1" \
    -c:v libwebp -lossless 1 ffmpeg-animated.webp
python3 - libwebp-lossy.webp << 'PY'
import sys
picture = open(sys.argv[1], 'rb').read()
open('edited-zeros-after.webp', 'wb').write(picture + bytes(16))
PY

# --- wide ones: both sides above 255, so that no reader gets by with their low bytes ---------------------
pbmmake -white 300 258 > "$work/wide.pbm"
pnmtopng "$work/wide.pbm" > wide.png 2> /dev/null
pamtogif "$work/wide.pbm" > wide.gif 2> /dev/null
convert "$work/wide.pbm" -type Grayscale -quality 10 -sampling-factor 2x2 -define jpeg:optimize-coding=true wide.jpg
convert "$work/wide.pbm" -type Palette -compress RLE BMP3:wide.bmp
pnmtotiff -g4 < "$work/wide.pbm" > wide.tiff 2> /dev/null
tiffcp -B -c g4 wide.tiff wide-mm.tiff
cwebp -quiet -lossless wide.png -o wide-lossless.webp
cwebp -quiet -q 0 wide.png -o wide-lossy.webp
webpmux -set xmp "$work/profile" wide-lossless.webp -o wide-extended.webp > /dev/null 2>&1
