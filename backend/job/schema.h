/*
 * schema.h - the tables of the database
 */
#ifndef CLUSTRIXFS_SCHEMA_H
#define CLUSTRIXFS_SCHEMA_H

#include "clustrixfs/error.h"

struct sqlite3;

/* Bring a database that was opened for writing to the newest version. 0 or a negative errno. */
int schema_migrate(struct sqlite3 *db, struct error *e) must_check;

#endif
