"""What is already in the queue: so that a sweep every minute does not pile up the same job."""

from procrastinate.contrib.django.models import ProcrastinateJob


def waiting(task, argument: str) -> set[int]:
    """The values of `argument` (an id) for which a job of this task is still to be started."""
    jobs = ProcrastinateJob.objects.filter(task_name=task.name, status="todo")
    return set(jobs.values_list(f"args__{argument}", flat=True))
