/*
 * What the key `access` of a pack may not say (core/pack_access.h), each with
 * its place in the file.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/pack.h"
#include "tests/lib/clinic.h"

static void
what_is_needed_must_be_named(void **state)
{
	(void)state;
	clinic_refused("`collection`:`looked`,`who`", "`who`",
	    "pack: access: collection: must be a text of 1 to 256 bytes");
	clinic_refused(
	    "`who`:`who`,`at`", "`at`", "pack: access: who: missing");
	clinic_refused(
	    "`at`:`at`,`action`", "`action`", "pack: access: at: missing");
	clinic_refused("`action`:`deed`,", "", "pack: access: action: missing");
	clinic_refused("`export`:`carried`,", "",
	    "pack: access: export: must be a text of 1 to 256 bytes");
	clinic_refused("`reason`:`why`,", "", "pack: access: reason: missing");
}

static void
what_is_named_must_be_there_and_fit(void **state)
{
	(void)state;
	clinic_refused("`collection`:`looked`", "`collection`:`loked`",
	    "pack: access: collection: there is no collection 'loked'; did you "
	    "mean looked?");
	clinic_refused("`who`:`who`", "`who`:`at`",
	    "pack: access: who: at is of type datetime, not ref");
	clinic_refused("`at`:`at`,`action`", "`at`:`who`,`action`",
	    "pack: access: at: who is of type ref, not datetime");
	clinic_refused("`action`:`deed`", "`action`:`why`",
	    "pack: access: action: why is of type text, not enum");
	clinic_refused("`reason`:`why`", "`reason`:`deed`",
	    "pack: access: reason: deed is of type enum, not text");
	clinic_refused("`where`:`seat`", "`where`:`before`",
	    "pack: access: where: before is of type hash, not text");
	clinic_refused("`before`:`before`", "`before`:`seat`",
	    "pack: access: before: seat is of type text, not hash");
	clinic_refused("`before`:`before`", "`before`:`befour`",
	    "pack: access: before: looked: there is no field 'befour'; did you "
	    "mean before?");
	clinic_refused("`where`:`seat`", "`where`:`notes`",
	    "pack: access: where: notes is no register");
	clinic_refused("`export`:`carried`", "`export`:`burnt`",
	    "pack: access: export: deed has no value 'burnt'");
	clinic_refused("`export`:`carried`", "`export`:7",
	    "pack: access: export: must be a text of 1 to 256 bytes");
	clinic_refused(
	    "`access`:{", "`access`:{`x`:1,", "pack: access: x: unknown key");
	clinic_refused(
	    "`access`:{", "`access`:[],`acces`:{", "pack: acces: unknown key");
}

/* The program writes such a record, and has no more to say. */
static void
what_is_required_must_be_filled(void **state)
{
	(void)state;
	clinic_refused("`kind`:`notes`,`class`:`N`},{`name`:`before`",
	    "`kind`:`notes`,`class`:`N`,`required`:true},{`name`:`before`",
	    "pack: access: looked.notes is required, and nothing becomes it");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(what_is_needed_must_be_named),
	    cmocka_unit_test(what_is_named_must_be_there_and_fit),
	    cmocka_unit_test(what_is_required_must_be_filled),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
