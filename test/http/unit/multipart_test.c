/*
 * test/http/unit/multipart_test.c
 *
 * The multipart parser told by tables: each body is given in every slicing and must tell one thing.
 */
#include "recorder.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SEED UINT64_C(20240611)

/* A part's usual beginning, and a body of one such part. All tables use the boundary "B". */
#define DISPOSITION    "Content-Disposition: form-data; name=\"a\"\r\n"
#define PART           "--B\r\n" DISPOSITION "\r\n"
#define END            "\r\n--B--\r\n"
#define HEADERS(lines) "--B\r\n" lines "\r\nx" END
#define TOLD           "name=\"a\": x.\n"
#define LINES_8        "\r\n\r\n\r\n\r\n\r\n\r\n\r\n\r\n"
#define LINES_31       LINES_8 LINES_8 LINES_8 "\r\n\r\n\r\n\r\n\r\n\r\n\r\n"
#define LINES_32       LINES_31 "\r\n"
#define FORTY          "                                        "

#define LONG_LINE "Y: " SEVENTY "\r\n"
#define SEVENTY   "0123456789012345678901234567890123456789012345678901234567890123456789"
#define LONGEST   SEVENTY "0123456789012345678901234567890123456789012345678901234567"

#define BYTES(string) string, sizeof(string) - 1

typedef struct GoodBody
{
	const char *title;
	const char *bytes;
	size_t length;
	const char *told;
} GoodBody;

typedef struct BadBody
{
	const char *title;
	const char *bytes;
	size_t length;
	const char *reason; /* part of it */
	const char *told;   /* what was told before the fault was met */
} BadBody;

static uint64_t random_state = SEED;

/* clang-format off */
static const GoodBody good_bodies[] = {
	{"one field", BYTES(PART "x" END), TOLD},
	{"no line end after the final boundary", BYTES(PART "x\r\n--B--"), TOLD},
	{"blanks after boundaries", BYTES("--B \t\r\n" DISPOSITION "\r\nx\r\n--B-- \t\r\n"), TOLD},
	{"two line ends after the final boundary", BYTES(PART "x" END "\r\n"), TOLD},
	{"blanks and line ends after the final boundary", BYTES(PART "x\r\n--B-- \r\n\t\r\n"), TOLD},
	{"as many line ends after the final boundary as may be", BYTES(PART "x" END LINES_31 LINES_32), TOLD},
	{"blanks and no line end after the final boundary", BYTES(PART "x\r\n--B--  "), TOLD},
	{"forty blanks after each of two boundaries",
	 BYTES("--B" FORTY "\r\n" DISPOSITION "\r\nx\r\n--B" FORTY "\r\n" DISPOSITION "\r\nx" END), TOLD TOLD},
	{"an empty form, as browsers send it", BYTES("--B--\r\n"), ""},
	{"empty data", BYTES(PART END), "name=\"a\": .\n"},
	{"two parts, the first empty", BYTES(PART "\r\n" PART "x" END), "name=\"a\": .\n" TOLD},
	{"data of line ends", BYTES(PART "\r\n\r\n" END), "name=\"a\": \\x0D\\x0A\\x0D\\x0A.\n"},
	{"a CR before the boundary", BYTES(PART "x\r" END), "name=\"a\": x\\x0D.\n"},
	{"two CRs before the boundary", BYTES(PART "x\r\r" END), "name=\"a\": x\\x0D\\x0D.\n"},
	{"beginnings of the delimiter", BYTES(PART "\r\n-\r\r\n\r\n--\r\n--A\n--B\r--B--" END),
	 "name=\"a\": \\x0D\\x0A-\\x0D\\x0D\\x0A\\x0D\\x0A--\\x0D\\x0A--A\\x0A--B\\x0D--B--.\n"},
	{"data that begins with half a boundary", BYTES(PART "--" END), "name=\"a\": --.\n"},
	{"data that begins with a dash", BYTES(PART "-\r\n-" END), "name=\"a\": -\\x0D\\x0A-.\n"},
	{"data with every kind of byte", BYTES(PART "\0\x01\x7f\x80\xff\"%22\\" END),
	 "name=\"a\": \\x00\\x01\\x7F\\x80\\xFF\"%22\\\\.\n"},
	{"a file", BYTES(HEADERS("Content-Disposition: form-data; name=\"a\"; filename=\"b.png\"\r\n"
							 "Content-Type: image/png\r\n")),
	 "name=\"a\" filename=\"b.png\" type=\"image/png\": x.\n"},
	{"Content-Type before Content-Disposition, filename before name",
	 BYTES(HEADERS("Content-Type: image/png\r\n"
				   "Content-Disposition: form-data; filename=\"b.png\"; name=\"a\"\r\n")),
	 "name=\"a\" filename=\"b.png\" type=\"image/png\": x.\n"},
	{"no file selected", BYTES("--B\r\nContent-Disposition: form-data; name=\"a\"; filename=\"\"\r\n"
							   "Content-Type: application/octet-stream\r\n\r\n" END),
	 "name=\"a\" filename=\"\" type=\"application/octet-stream\": .\n"},
	{"header names and words in any case, blanks about",
	 BYTES(HEADERS("CONTENT-disposition:\t FORM-Data \t;\t NAME=a;FileName=b.png \t\r\n"
				   "content-TYPE:Text/Plain; Charset=\"utf-8\" \r\n")),
	 "name=\"a\" filename=\"b.png\" type=\"Text/Plain; Charset=\"utf-8\"\": x.\n"},
	{"an empty name", BYTES(HEADERS("Content-Disposition: form-data; name=\"\"\r\n")),
	 "name=\"\": x.\n"},
	{"%22, %0D and %0A are decoded, once, and no other",
	 BYTES(HEADERS("Content-Disposition: form-data; name=\"%22%0d%0A\"; "
				   "filename=\"%%22%2522%41%00%2\"\r\n")),
	 "name=\"\"\\x0D\\x0A\" filename=\"%\"%2522%41%00%2\": x.\n"},
	{"%22 in a token", BYTES(HEADERS("Content-Disposition: form-data; name=a%22;filename=%0a\r\n")),
	 "name=\"a\"\" filename=\"\\x0A\": x.\n"},
	{"a lone backslash is itself",
	 BYTES(HEADERS("Content-Disposition: form-data; name=\"a\\b\"; filename=\"\\%22\\n\"\r\n")),
	 "name=\"a\\\\b\" filename=\"\\\\\"\\\\n\": x.\n"},
	{"semicolons, commas and UTF-8 in a quoted name",
	 BYTES(HEADERS("Content-Disposition: form-data; name=\"a; filename=b, \xc3\xa9\"\r\n")),
	 "name=\"a; filename=b, \\xC3\\xA9\": x.\n"},
	{"bytes that are no UTF-8, and a tab, in a name",
	 BYTES(HEADERS("Content-Disposition: form-data; name=\"\xff\t\"\r\n")), "name=\"\\xFF\\x09\": x.\n"},
	{"other parameters and other headers are ignored",
	 BYTES(HEADERS("X-A: \xff\r\nX-Empty:\r\nContent-Length: 7\r\n"
				   "Content-Disposition: form-data; size=7; name=\"a\"; size=8\r\n"
				   "X-A: 2\r\n")), TOLD},
	{"Content-Transfer-Encoding: binary",
	 BYTES(HEADERS(DISPOSITION "Content-Transfer-Encoding: Binary\r\n")), TOLD},
	{"Content-Transfer-Encoding: 8bit and 7bit",
	 BYTES("--B\r\n" DISPOSITION "Content-Transfer-Encoding: 8bit\r\n\r\nx\r\n"
		   HEADERS(DISPOSITION "Content-Transfer-Encoding: 7BIT \r\n")), TOLD TOLD},
	{"a header line that begins with two dashes",
	 BYTES(HEADERS("--A: 1\r\n" DISPOSITION)), TOLD},
};

#define NOT_BEGUN "does not begin with the boundary"
#define CUT_OFF "ends before the final boundary"
#define AFTER "followed by neither"
#define FOLLOWS "data after"
#define DISPOSITION_BAD "Content-Disposition is malformed"
#define NO_SEMICOLON "not followed by a semicolon; quotes in values are sent as %22"

static const BadBody bad_bodies[] = {
	{"an empty body", BYTES(""), CUT_OFF, ""},
	{"another boundary", BYTES("--A\r\n" DISPOSITION "\r\nx\r\n--A--\r\n"), NOT_BEGUN, ""},
	{"a preamble", BYTES("hello\r\n" PART "x" END), NOT_BEGUN, ""},
	{"an empty line first", BYTES("\r\n" PART "x" END), NOT_BEGUN, ""},
	{"a body of one byte", BYTES("-"), CUT_OFF, ""},
	{"the boundary only", BYTES("--B"), CUT_OFF, ""},
	{"the first boundary's line only", BYTES("--B\r\n"), CUT_OFF, ""},
	{"no part between boundaries", BYTES("--B\r\n--B--\r\n"), "among", ""},
	{"cut off in a header", BYTES("--B\r\nContent-Dis"), CUT_OFF, ""},
	{"cut off in data", BYTES(PART "x"), CUT_OFF, "name=\"a\": x"},
	{"cut off in a delimiter", BYTES(PART "x\r\n--"), CUT_OFF, "name=\"a\": x"},
	{"cut off after a delimiter", BYTES(PART "x\r\n--B"), CUT_OFF, "name=\"a\": x"},
	{"cut off in the final boundary", BYTES(PART "x\r\n--B-"), CUT_OFF, "name=\"a\": x"},
	{"cut off in the last line end", BYTES(PART "x\r\n--B--\r"), "within a line end", TOLD},
	{"the last boundary is no final one", BYTES(PART "x\r\n--B\r\n"), CUT_OFF, TOLD},
	{"an epilogue", BYTES(PART "x" END "bye"), FOLLOWS, TOLD},
	{"a text after line ends", BYTES(PART "x" END "\r\nbye"), FOLLOWS, TOLD},
	{"too many line ends after the final boundary", BYTES(PART "x" END LINES_32 LINES_32), "too many", TOLD},
	{"a bare LF after a line end", BYTES(PART "x" END "\n"), FOLLOWS, TOLD},
	{"a bare LF at the end", BYTES(PART "x\r\n--B--\n"), FOLLOWS, TOLD},
	{"a CR and something else at the end", BYTES(PART "x\r\n--B--\rx"), FOLLOWS, TOLD},
	{"a second body", BYTES(PART "x" END PART "y" END), FOLLOWS, TOLD},
	{"a NUL after the final boundary", BYTES(PART "x" END "\0"), FOLLOWS, TOLD},
	{"a longer boundary in data", BYTES(PART "x\r\n--Bx" END), AFTER, "name=\"a\": x"},
	{"a longer first boundary", BYTES("--Bx\r\n" DISPOSITION "\r\nx" END), AFTER, ""},
	{"a boundary and one dash", BYTES(PART "x\r\n--B-x" END), AFTER, "name=\"a\": x"},
	{"a boundary, a blank and dashes", BYTES(PART "x\r\n--B --\r\n"), AFTER, "name=\"a\": x"},
	{"a boundary and a bare LF", BYTES(PART "x\r\n--B\n"), AFTER, "name=\"a\": x"},
	{"a boundary and a bare CR", BYTES(PART "x\r\n--B\rx"), AFTER, "name=\"a\": x"},
	{"a boundary right after the headers", BYTES(PART "--B--\r\n"), "without a line end", "name=\"a\": "},
	{"data that begins with the boundary", BYTES(PART "--Bx" END), "without a line end", "name=\"a\": "},
	{"a boundary instead of the empty line", BYTES("--B\r\n" DISPOSITION "--B--\r\n"), "among", ""},
	{"bare LFs", BYTES("--B\nContent-Disposition: form-data; name=\"a\"\n\nx\n--B--\n"), AFTER, ""},
	{"a bare LF in a header", BYTES(HEADERS("X: y\n" DISPOSITION)), "control character", ""},
	{"a bare CR in a header", BYTES(HEADERS("X: y\rz\r\n" DISPOSITION)), "CR that no LF", ""},
	{"two CRs after a header", BYTES(HEADERS("X: y\r\r\n" DISPOSITION)), "CR that no LF", ""},
	{"a bare CR before data", BYTES("--B\r\n" DISPOSITION "\rx" END), "CR that no LF", ""},
	{"a NUL in a header", BYTES(HEADERS("Content-Disposition: form-data; name=\"a\0b\"\r\n")),
	 "control character", ""},
	{"a DEL in a header", BYTES(HEADERS("X: \x7f\r\n" DISPOSITION)), "control character", ""},
	{"an escape in a header", BYTES(HEADERS("X: \x1b\r\n" DISPOSITION)), "control character", ""},
	{"a folded header", BYTES(HEADERS("X: y\r\n z\r\n" DISPOSITION)), "folded", ""},
	{"a folded Content-Disposition",
	 BYTES(HEADERS("Content-Disposition: form-data;\r\n name=\"a\"\r\n")), DISPOSITION_BAD, ""},
	{"a first header that begins with a blank", BYTES(HEADERS("\tX: y\r\n" DISPOSITION)), "folded", ""},
	{"a header without a colon", BYTES(HEADERS("X\r\n" DISPOSITION)), "name: value", ""},
	{"a header without a name", BYTES(HEADERS(": y\r\n" DISPOSITION)), "name: value", ""},
	{"a blank before the colon", BYTES(HEADERS("Content-Disposition : form-data; name=\"a\"\r\n")),
	 "name: value", ""},
	{"a header name that is not ASCII", BYTES(HEADERS("\xc3\xa9: y\r\n" DISPOSITION)), "name: value", ""},
	{"no header", BYTES("--B\r\n\r\nx" END), "no Content-Disposition", ""},
	{"no Content-Disposition", BYTES(HEADERS("Content-Type: text/plain\r\n")),
	 "no Content-Disposition", ""},
	{"two Content-Dispositions", BYTES(HEADERS(DISPOSITION DISPOSITION)),
	 "two Content-Disposition", ""},
	{"the second part has no Content-Disposition", BYTES(PART "x\r\n--B\r\n\r\ny" END),
	 "no Content-Disposition", TOLD},
	{"an attachment", BYTES(HEADERS("Content-Disposition: attachment; name=\"a\"\r\n")),
	 "not form-data", ""},
	{"an empty Content-Disposition", BYTES(HEADERS("Content-Disposition: \r\n")),
	 "not form-data", ""},
	{"a longer word than form-data", BYTES(HEADERS("Content-Disposition: form-data2; name=\"a\"\r\n")),
	 "not form-data", ""},
	{"no name", BYTES(HEADERS("Content-Disposition: form-data\r\n")), "has no name", ""},
	{"a file without a name", BYTES(HEADERS("Content-Disposition: form-data; filename=\"b\"\r\n")),
	 "has no name", ""},
	{"two names", BYTES(HEADERS("Content-Disposition: form-data; name=\"a\"; NAME=\"a\"\r\n")),
	 "two names", ""},
	{"two file names",
	 BYTES(HEADERS("Content-Disposition: form-data; name=\"a\"; filename=\"\"; filename=\"b\"\r\n")),
	 "two names or two file names", ""},
	{"filename*",
	 BYTES(HEADERS("Content-Disposition: form-data; name=\"a\"; FileName*=UTF-8''b.png\r\n")),
	 "extended parameter", ""},
	{"filename*0",
	 BYTES(HEADERS("Content-Disposition: form-data; name=\"a\"; filename*0=\"b\"\r\n")),
	 "extended parameter", ""},
	{"a backslash before a quote",
	 BYTES(HEADERS("Content-Disposition: form-data; name=\"a\\\"b\"\r\n")), "backslash", ""},
	{"two backslashes", BYTES(HEADERS("Content-Disposition: form-data; name=\"a\\\\b\"\r\n")),
	 "backslash", ""},
	{"a name that ends with a backslash",
	 BYTES(HEADERS("Content-Disposition: form-data; name=\"a\\\"\r\n")), "backslash", ""},
	{"an open quote", BYTES(HEADERS("Content-Disposition: form-data; name=\"a\r\n")),
	 DISPOSITION_BAD, ""},
	{"an open quote and a backslash", BYTES(HEADERS("Content-Disposition: form-data; name=\"a\\\r\n")),
	 DISPOSITION_BAD, ""},
	{"bytes after a quoted name", BYTES(HEADERS("Content-Disposition: form-data; name=\"a\"b\r\n")),
	 NO_SEMICOLON, ""},
	{"a quote within a token", BYTES(HEADERS("Content-Disposition: form-data; name=a\"b\"\r\n")),
	 NO_SEMICOLON, ""},
	{"a name without a value", BYTES(HEADERS("Content-Disposition: form-data; name=\r\n")),
	 DISPOSITION_BAD, ""},
	{"a parameter without a value", BYTES(HEADERS("Content-Disposition: form-data; name\r\n")),
	 DISPOSITION_BAD, ""},
	{"a blank before the equals sign",
	 BYTES(HEADERS("Content-Disposition: form-data; name =\"a\"\r\n")), DISPOSITION_BAD, ""},
	{"a blank after the equals sign",
	 BYTES(HEADERS("Content-Disposition: form-data; name= \"a\"\r\n")), DISPOSITION_BAD, ""},
	{"a comma between parameters",
	 BYTES(HEADERS("Content-Disposition: form-data, name=\"a\"\r\n")), DISPOSITION_BAD, ""},
	{"no semicolon between parameters",
	 BYTES(HEADERS("Content-Disposition: form-data; name=\"a\" filename=\"b\"\r\n")), NO_SEMICOLON, ""},
	{"an empty parameter", BYTES(HEADERS("Content-Disposition: form-data;; name=\"a\"\r\n")),
	 DISPOSITION_BAD, ""},
	{"a semicolon at the end", BYTES(HEADERS("Content-Disposition: form-data; name=\"a\";\r\n")),
	 DISPOSITION_BAD, ""},
	{"a name in UTF-8 without quotes",
	 BYTES(HEADERS("Content-Disposition: form-data; name=\xc3\xa9\r\n")), DISPOSITION_BAD, ""},
	{"two Content-Types",
	 BYTES(HEADERS(DISPOSITION "Content-Type: a/b\r\nContent-Type: a/b\r\n")), "two Content-Type", ""},
	{"an empty Content-Type", BYTES(HEADERS(DISPOSITION "Content-Type:\r\n")),
	 "Content-Type is malformed", ""},
	{"a Content-Type without a subtype", BYTES(HEADERS(DISPOSITION "Content-Type: text\r\n")),
	 "Content-Type is malformed", ""},
	{"a Content-Type with an open quote",
	 BYTES(HEADERS(DISPOSITION "Content-Type: text/plain; charset=\"utf-8\r\n")),
	 "Content-Type is malformed", ""},
	{"a nested multipart",
	 BYTES(HEADERS(DISPOSITION "Content-Type: Multipart/mixed; boundary=C\r\n")), "itself multipart", ""},
	{"base64", BYTES(HEADERS(DISPOSITION "Content-Transfer-Encoding: base64\r\n")),
	 "Content-Transfer-Encoding is not", ""},
	{"an empty Content-Transfer-Encoding",
	 BYTES(HEADERS(DISPOSITION "Content-Transfer-Encoding:\r\n")), "Content-Transfer-Encoding is not", ""},
	{"two Content-Transfer-Encodings",
	 BYTES(HEADERS(DISPOSITION "Content-Transfer-Encoding: 8bit\r\n"
							   "Content-Transfer-Encoding: 8bit\r\n")),
	 "two Content-Transfer-Encoding", ""},
};

static const char *const good_types[][2] = {
	{"multipart/form-data; boundary=B", "B"},
	{"Multipart/FORM-data;BOUNDARY=B", "B"},
	{"multipart/form-data \t;\t boundary=B ", "B"},
	{"multipart/form-data; charset=utf-8; boundary=\"B\"; x=\"a\\b\"", "B"},
	{"multipart/form-data; boundary=----WebKitFormBoundary7MA4YWxkTrZu0gWq",
	 "----WebKitFormBoundary7MA4YWxkTrZu0gWq"},
	{"multipart/form-data; boundary=\"aZ0'()+_,-./:=? x\"", "aZ0'()+_,-./:=? x"},
	{"multipart/form-data; boundary=" LONGEST, LONGEST},
};

static const char *const bad_types[] = {
	NULL,
	"",
	"multipart/form-data",
	"multipart/form-data;",
	"multipart/form-data; boundary",
	"multipart/form-data; boundary=",
	"multipart/form-data; boundary=\"\"",
	"multipart/form-data; boundary=\"B",
	"multipart/form-data; boundary=B;",
	"multipart/form-data;; boundary=B",
	"multipart/form-data; boundary =B",
	"multipart/form-data; boundary= B",
	"multipart/form-data boundary=B",
	"multipart/form-data, multipart/form-data; boundary=B",
	"multipart/form-data; boundary=B, text/plain",
	"multipart/form-data; boundary=B; boundary=B",
	"multipart/form-data; boundary=B; Boundary=C",
	"multipart/form-data; boundary=B; boundary*=C",
	"multipart/form-data; boundary*0=B",
	"multipart/form-data; boundary=\"B \"",
	"multipart/form-data; boundary=\"B\\\"\"",
	"multipart/form-data; boundary=\"B\\C\"",
	"multipart/form-data; boundary=B!",
	"multipart/form-data; boundary=a:b",
	"multipart/form-data; boundary=\"B\xc3\xa9\"",
	"multipart/form-data; boundary=\"B\r\nC\"",
	"multipart/form-data; boundary=" LONGEST "x",
	"multipart/form-data2; boundary=B",
	"multipart/mixed; boundary=B",
	"multipart/ form-data; boundary=B",
	" multipart/form-data; boundary=B",
	"text/plain; boundary=B",
	"application/x-www-form-urlencoded",
};
/* clang-format on */

/* Is this what comes of the body, however it is sliced? A reason is part of the one given. */
static void
test_body(const char *title, const char *boundary, const Text *body, NachetMultipartStatus status,
          const char *reason, const char *told)
{
	Recording whole;
	bool same = record_all(boundary, body, &random_state, &whole);
	bool right =
	    whole.status == status && strcmp(whole.told.bytes, told) == 0 &&
	    (reason[0] == '\0' ? whole.reason[0] == '\0' : strstr(whole.reason, reason) != NULL);

	if (!report(same && right, title))
		printf("# status %d, %s\n# %s\n", (int) whole.status, whole.reason, whole.told.bytes);
	text_free(&whole.told);
}

static void
test_tables(void)
{
	for (size_t i = 0; i < sizeof good_bodies / sizeof *good_bodies; i++)
	{
		const GoodBody *good = &good_bodies[i];
		Text body = {0};

		append(&body, good->bytes, good->length);
		test_body(good->title, "B", &body, NACHET_MULTIPART_OK, "", good->told);
		text_free(&body);
	}
	for (size_t i = 0; i < sizeof bad_bodies / sizeof *bad_bodies; i++)
	{
		const BadBody *bad = &bad_bodies[i];
		Text body = {0};

		append(&body, bad->bytes, bad->length);
		test_body(bad->title, "B", &body, NACHET_MULTIPART_MALFORMED, bad->reason, bad->told);
		text_free(&body);
	}
}

static void
test_content_types(void)
{
	char boundary[NACHET_BOUNDARY_MAX + 1];

	for (size_t i = 0; i < sizeof good_types / sizeof *good_types; i++)
		report(nachet_multipart_boundary(good_types[i][0], boundary) &&
		           strcmp(boundary, good_types[i][1]) == 0,
		       good_types[i][0]);
	for (size_t i = 0; i < sizeof bad_types / sizeof *bad_types; i++)
	{
		Text title = {0};

		memset(boundary, '#', sizeof boundary);
		append_string(&title, "refused: ");
		append_escaped(&title, bad_types[i] != NULL ? bad_types[i] : "no Content-Type",
		               strlen(bad_types[i] != NULL ? bad_types[i] : "no Content-Type"));
		report(!nachet_multipart_boundary(bad_types[i], boundary) && boundary[0] == '\0',
		       title.bytes);
		text_free(&title);
	}
}

/*
 * A body whose headers have so many lines and so many bytes, its boundary so many blanks after it.
 * The lines in after, each with its CRLF, follow these headers.
 */
static Text
make_body(size_t lines, size_t bytes, size_t blanks, const char *after)
{
	Text body = {0};
	size_t header;

	append_string(&body, "--B");
	while (blanks-- > 0)
		append_string(&body, " ");
	append_string(&body, "\r\n");
	header = body.length;
	append_string(&body, DISPOSITION);
	for (; lines > 2; lines--)
		append_string(&body, "X: y\r\n");
	append_string(&body, "X: ");
	while (body.length - header + 2 < bytes)
		append_string(&body, "y");
	append_string(&body, "\r\n");
	append_string(&body, after);
	append_string(&body, "\r\nx" END);
	return body;
}

static void
test_limits(void)
{
	static const struct
	{
		const char *title;
		size_t lines, bytes, blanks;
		NachetMultipartStatus status;
		const char *reason;
	} limits[] = {
	    {"headers of the largest size", 2, NACHET_MULTIPART_HEADER_MAX, 0, NACHET_MULTIPART_OK, ""},
	    {"headers one byte larger", 2, NACHET_MULTIPART_HEADER_MAX + 1, 0,
	     NACHET_MULTIPART_TOO_LARGE, "too large"},
	    {"as many header lines as may be", NACHET_MULTIPART_HEADER_LINES, 0, 0, NACHET_MULTIPART_OK,
	     ""},
	    {"one header line more", NACHET_MULTIPART_HEADER_LINES + 1, 0, 0,
	     NACHET_MULTIPART_TOO_LARGE, "too many"},
	    {"as many blanks as may be", 2, 0, NACHET_MULTIPART_PADDING_MAX, NACHET_MULTIPART_OK, ""},
	    {"one blank more", 2, 0, NACHET_MULTIPART_PADDING_MAX + 1, NACHET_MULTIPART_MALFORMED,
	     "too many blanks"},
	};

	for (size_t i = 0; i < sizeof limits / sizeof *limits; i++)
	{
		Text body = make_body(limits[i].lines, limits[i].bytes, limits[i].blanks, "");

		test_body(limits[i].title, "B", &body, limits[i].status, limits[i].reason,
		          limits[i].status == NACHET_MULTIPART_OK ? TOLD : "");
		text_free(&body);
	}
}

/* A line's CRLF counts too, so that the size can step over the limit between two lines. */
static void
test_line_after_full_headers(void)
{
	static const struct
	{
		const char *title;
		size_t bytes; /* of the lines before */
		const char *after;
		NachetMultipartStatus status;
	} limits[] = {
	    {"a last line that just fits", NACHET_MULTIPART_HEADER_MAX - 4, "Y:\r\n",
	     NACHET_MULTIPART_OK},
	    {"a last line one byte too long", NACHET_MULTIPART_HEADER_MAX - 3, "Y:\r\n",
	     NACHET_MULTIPART_TOO_LARGE},
	    {"a line after headers two bytes below the limit", NACHET_MULTIPART_HEADER_MAX - 2,
	     LONG_LINE, NACHET_MULTIPART_TOO_LARGE},
	    {"a line after headers one byte below the limit", NACHET_MULTIPART_HEADER_MAX - 1,
	     LONG_LINE, NACHET_MULTIPART_TOO_LARGE},
	    {"a line after headers at the limit", NACHET_MULTIPART_HEADER_MAX, LONG_LINE,
	     NACHET_MULTIPART_TOO_LARGE},
	    {"a line after headers one byte above the limit", NACHET_MULTIPART_HEADER_MAX + 1,
	     LONG_LINE, NACHET_MULTIPART_TOO_LARGE},
	};

	for (size_t i = 0; i < sizeof limits / sizeof *limits; i++)
	{
		bool fits = limits[i].status == NACHET_MULTIPART_OK;
		Text body = make_body(2, limits[i].bytes, 0, limits[i].after);

		test_body(limits[i].title, "B", &body, limits[i].status, fits ? "" : "too large",
		          fits ? TOLD : "");
		text_free(&body);
	}
}

static void
test_stopping(void)
{
	static const char *const titles[] = {"", "stopped at a part's beginning", "stopped at data",
	                                     "stopped at a part's end"};
	Text body = {0};
	size_t cuts[512];

	append_string(&body, PART "x\r\n" PART "y" END);
	for (size_t i = 0; i < body.length; i++)
		cuts[i] = i;
	for (int stop = STOP_AT_BEGIN; stop <= STOP_AT_END; stop++)
	{
		Recording whole = record("B", &body, NULL, 0, (StopAt) stop);
		Recording bytes = record("B", &body, cuts, body.length, (StopAt) stop);

		report(whole.status == NACHET_MULTIPART_STOPPED && whole.stopped && !whole.broken &&
		           whole.reason[0] == '\0' && bytes.status == whole.status && !bytes.broken &&
		           strcmp(whole.told.bytes, bytes.told.bytes) == 0,
		       titles[stop]);
		text_free(&whole.told);
		text_free(&bytes.told);
	}
	text_free(&body);
}

/* Data is handed on in large pieces: by slices where it has no CR, cut only at beginnings of delimiters. */
static void
test_pieces(void)
{
	Text body = {0};
	size_t cuts[2];
	Recording recording;

	append_string(&body, PART);
	for (int i = 0; i < 100000; i++)
		append(&body, i % 100 == 99 ? "\r\n" : "\0-", 2);
	append_string(&body, END);
	cuts[0] = body.length / 3;
	cuts[1] = cuts[0] * 2;
	recording = record("B", &body, cuts, 2, STOP_NEVER);
	report(recording.status == NACHET_MULTIPART_OK && recording.data_calls <= 5,
	       "200,000 bytes in three slices make five pieces of data at most");
	text_free(&recording.told);
	text_free(&body);
}

static void
test_calls(void)
{
	static const char *const illegal[] = {"", "B ", "B\r\n", "B!", LONGEST "x"};
	static const NachetMultipartCallbacks none = {NULL, NULL, NULL};
	NachetMultipart *parser = nachet_multipart_create(LONGEST, &none, NULL);
	bool refused = true;

	report(nachet_multipart_feed(parser, NULL, 0) == NACHET_MULTIPART_OK &&
	           nachet_multipart_reason(parser)[0] == '\0',
	       "an empty slice changes nothing");
	report(nachet_multipart_feed(parser, "x", 1) == NACHET_MULTIPART_MALFORMED &&
	           nachet_multipart_feed(parser, NULL, 0) == NACHET_MULTIPART_MALFORMED &&
	           nachet_multipart_finish(parser) == NACHET_MULTIPART_MALFORMED,
	       "a refusal stays");
	nachet_multipart_free(parser);
	nachet_multipart_free(NULL);
	for (size_t i = 0; i < sizeof illegal / sizeof *illegal; i++)
	{
		parser = nachet_multipart_create(illegal[i], &none, NULL);
		refused = refused && parser == NULL;
		nachet_multipart_free(parser);
	}
	report(refused, "no parser for an illegal boundary");
}

static Text
read_file(const char *folder, const char *name, const char *suffix)
{
	char path[4096];
	char buffer[4096];
	Text text = {0};
	size_t length;
	FILE *file;

	snprintf(path, sizeof path, "%s/%s.%s", folder, name, suffix);
	file = fopen(path, "rb");
	if (file == NULL)
	{
		printf("Bail out! can't open %s\n", path);
		exit(1);
	}
	append(&text, "", 0);
	while ((length = fread(buffer, 1, sizeof buffer, file)) > 0)
		append(&text, buffer, length);
	fclose(file);
	return text;
}

static void
test_sent_body(const char *folder, const char *name, NachetMultipartStatus status,
               const char *reason, const char *told)
{
	char boundary[NACHET_BOUNDARY_MAX + 1];
	Text type = read_file(folder, name, "type");
	Text body = read_file(folder, name, "body");

	if (report(nachet_multipart_boundary(type.bytes, boundary), name))
		test_body(name, boundary, &body, status, reason, told);
	text_free(&type);
	text_free(&body);
}

static void
test_sent_bodies(const char *folder)
{
#define PNG " type=\"image/png\": "
	test_sent_body(folder, "curl-fields", NACHET_MULTIPART_OK, "",
	               "name=\"a\": .\nname=\"b\": x.\n");
	test_sent_body(
	    folder, "curl-names", NACHET_MULTIPART_OK, "",
	    "name=\"seed_name\": Brassica rapa.\n"
	    "name=\"x\"y\\\\z\" type=\"text/plain;charset=utf-8\": v.\n"
	    "name=\"file\" filename=\"a\"b.png\"" PNG "A\\x0D\\x0A--\\x00B.\n"
	    "name=\"file\" filename=\"a\\\\b.png\"" PNG "A\\x0D\\x0A--\\x00B.\n"
	    "name=\"file\" filename=\"a\"b.png\"" PNG "A\\x0D\\x0A--\\x00B.\n"
	    "name=\"file\" filename=\"empty.png\"" PNG ".\n"
	    "name=\"file\" filename=\"cr\\x0Dlf\\x0Ax\" type=\"application/octet-stream\": .\n"
	    "name=\"file\" filename=\"semi;comma,.png\"" PNG ".\n"
	    "name=\"file\" filename=\"dir/\\xC3\\xA9 \\xC3\\xBC.png\"" PNG
	    "A\\x0D\\x0A--\\x00B\\x0D\\x0A.\n");
	test_sent_body(folder, "curl-escaped", NACHET_MULTIPART_MALFORMED, "backslash",
	               "name=\"seed_name\": Brassica.\n");
	test_sent_body(
	    folder, "browser", NACHET_MULTIPART_OK, "",
	    "name=\"seed_name\": Brassica rapa.\n"
	    "name=\"zoom_level\": 20.5.\n"
	    "name=\"nb_seeds\": 3.\n"
	    "name=\"note\": line\\x0D\\x0Aend.\n"
	    "name=\"pictures\" filename=\"folder/a \"1\".png\"" PNG
	    "\\x89PNG\\x0D\\x0A\\x1A\\x0A\\x00\\x00\\x0D\\x0A--\\x0D.\n"
	    "name=\"pictures\" filename=\"folder/sub/\\xC3\\xA9\\\\b%.jpg\" type=\"image/jpeg\": "
	    "\\xFF\\xD8\\xFF\\x0D\\x0A------WebKitFormBoundary7MA4YWxkTrZu0gW\\x0D\\x0D\\x0A.\n"
	    "name=\"nothing\" filename=\"\" type=\"application/octet-stream\": .\n");
#undef PNG
}

int
main(int argc, char **argv)
{
	if (argc != 2)
	{
		fprintf(stderr, "usage: %s FOLDER\n", argv[0]);
		return 2;
	}
	printf("# seed %llu\n", (unsigned long long) SEED);
	test_content_types();
	test_calls();
	test_tables();
	test_limits();
	test_line_after_full_headers();
	test_stopping();
	test_pieces();
	test_sent_bodies(argv[1]);
	test_properties(SEED);
	report_plan();
	return failures() == 0 ? 0 : 1;
}
