"""What a caller is told about a schedule that cannot be. Nothing was changed."""

from talktalk.platform.problems import NotFound, Trouble


class ZoneUnknown(Trouble):
    """Not a name of the IANA time zone database."""

    status, code, title = 422, "zone_unknown", "No such time zone"


class ScheduleRefused(Trouble):
    """In the past, too far away, without any payment, or ends that do not go with it."""

    status, code, title = 422, "schedule_refused", "A payment cannot be scheduled like that"


class TooManySchedules(Trouble):
    """So many run already that another would be noise."""

    status, code, title = 409, "too_many_schedules", "Too many schedules"


class ScheduleNotFound(NotFound):
    """No such schedule, or not the caller's."""

    code, title = "schedule_not_found", "No such schedule"


class ScheduleOver(Trouble):
    """It has ended or was cancelled."""

    status, code, title = 409, "schedule_over", "This schedule is over"


class NothingToSkip(Trouble):
    """No payment of it is coming or due."""

    status, code, title = 409, "nothing_to_skip", "There is no payment to skip"


class RunNotFound(NotFound):
    """No such payment, or not the caller's."""

    code, title = "run_not_found", "No such scheduled payment"


class RunMismatch(Trouble):
    """A payment that names a run must be the schedule's: same payee, same amount."""

    status, code, title = 422, "run_mismatch", "This payment is not the scheduled one"


class RunNotDue(Trouble):
    """It is paid or being paid, was missed or skipped, or is not due yet."""

    status, code, title = 409, "run_not_due", "This scheduled payment is not waiting to be paid"
