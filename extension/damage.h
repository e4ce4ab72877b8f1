#ifndef NACHET_DAMAGE_H
#define NACHET_DAMAGE_H

/*
 * Runs work in a subtransaction. Returns NULL, or, when it failed because of damage, the message of
 * the error in the current memory context; its effects are then rolled back. Raises all other
 * errors again.
 */
extern char *nachet_damage_guard(void (*work)(void *argument), void *argument);

#endif
