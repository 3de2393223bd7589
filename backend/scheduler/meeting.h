/*
 * meeting.h - what the first look at a cluster calls what it finds
 */
#ifndef CLUSTRIXFS_SCHEDULER_MEETING_H
#define CLUSTRIXFS_SCHEDULER_MEETING_H

/* How the version begins of the programs of PBS that are a front end of Slurm's. */
#define MEETING_FRONT_END "Slurm's own qsub"

#endif
