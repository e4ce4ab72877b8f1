#ifndef NACHET_SETS_NAME_FORM_H
#define NACHET_SETS_NAME_FORM_H

/* The text in Unicode's normalization form C. */
extern text *nachet_name_form_nfc(text *value);

/*
 * The form by which names are compared: NFC, lower-case letters, single spaces, nothing invisible.
 */
extern text *nachet_name_form_key(text *name);

extern bool nachet_name_form_equal(const text *a, const text *b);

/*
 * In what two different names of one key differ, fit to follow "differs in ": "case", "blanks and
 * Unicode form", ...
 */
extern char *nachet_name_form_difference(text *a, text *b);

#endif
