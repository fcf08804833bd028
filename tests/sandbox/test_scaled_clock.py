import pytest

from drstate.sandbox.clock import ScaledClock


class Source:
    def __init__(self):
        self.now = 1_000_000.0

    def __call__(self):
        return self.now


@pytest.fixture
def source():
    return Source()


def test_nothing_is_due_before_its_scaled_time(source):
    clock, done = ScaledClock(0.01, source), []
    clock.after(30, lambda: done.append("switchover"))
    source.now += 0.29
    assert clock.run_due() == 0
    source.now += 0.01
    assert clock.run_due() == 1
    assert done == ["switchover"]


def test_what_is_due_runs_in_its_order(source):
    clock, done = ScaledClock(1, source), []
    for name, seconds in (("late", 5), ("early", 1), ("also early", 1)):
        clock.after(seconds, lambda name=name: done.append(name))
    source.now += 10
    clock.run_due()
    assert done == ["early", "also early", "late"]


def test_what_follows_counts_from_when_it_was_due_not_from_when_it_was_found(source):
    clock, done = ScaledClock(1, source), []
    clock.after(1, lambda: clock.after(2, lambda: done.append(clock.moment())))
    source.now += 10
    assert clock.run_due() == 2
    assert done == [1_000_003.0]


def test_pushing_moves_time_and_settling_does_not(source):
    clock, done = ScaledClock(1, source), []
    clock.after(60, lambda: done.append("first"))
    clock.push(59)
    assert (clock.run_due(), clock.seconds()) == (0, 1_000_059.0)
    clock.after(600, lambda: done.append("second"))
    assert clock.settle() == 2
    assert done == ["first", "second"]
    assert clock.seconds() == 1_000_059.0


def test_time_does_not_run_back(source):
    clock = ScaledClock(1, source)
    with pytest.raises(ValueError, match="positive"):
        clock.push(-1)
    with pytest.raises(ValueError, match="negative"):
        ScaledClock(-1, source)


def test_zero_scale_makes_everything_immediate(source):
    clock, done = ScaledClock(0, source), []
    clock.after(3600, lambda: done.append("now"))
    assert clock.run_due() == 1
