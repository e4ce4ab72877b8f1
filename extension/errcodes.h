/*
 * extension/errcodes.h
 *		SQLSTATEs of the datastore's own, class NC, so that clients need not parse messages.
 */
#ifndef NACHET_ERRCODES_H
#define NACHET_ERRCODES_H

#define ERRCODE_NACHET_USER_NOT_REGISTERED MAKE_SQLSTATE('N', 'C', '0', '0', '1')
#define ERRCODE_NACHET_SEED_NOT_REGISTERED MAKE_SQLSTATE('N', 'C', '0', '0', '2')
#define ERRCODE_NACHET_NOT_A_PICTURE       MAKE_SQLSTATE('N', 'C', '0', '0', '3')
#define ERRCODE_NACHET_CONTENTS_MISSING    MAKE_SQLSTATE('N', 'C', '0', '0', '4')
#define ERRCODE_NACHET_BAD_DATA            MAKE_SQLSTATE('N', 'C', '0', '0', '5')
#define ERRCODE_NACHET_BAD_CHUNK           MAKE_SQLSTATE('N', 'C', '0', '0', '6')
#define ERRCODE_NACHET_NOT_THE_USER        MAKE_SQLSTATE('N', 'C', '0', '0', '7')
#define ERRCODE_NACHET_OBJECT_STORE        MAKE_SQLSTATE('N', 'C', '0', '0', '8')

#endif
