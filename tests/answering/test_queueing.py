"""The queue before the model: first come, first served, places are told, who leaves or waits too long gives way."""

import threading
import time

from appliance.answering.queueing import Queue


def test_twenty_are_served_in_the_order_in_which_they_came() -> None:
    queue, served, lock = Queue(), [], threading.Lock()
    arrived = threading.Semaphore(0)

    def ask(number: int) -> None:
        with queue.place() as place:
            arrived.release()
            list(place.wait(30))
            assert place.has_turn
            with lock:
                served.append(number)
            time.sleep(0.005)

    threads = []
    with queue.place():
        for number in range(20):
            threads.append(threading.Thread(target=ask, args=(number,)))
            threads[-1].start()
            arrived.acquire()
        assert served == []
    for thread in threads:
        thread.join(30)
    assert served == list(range(20))


def test_places_are_told_each_time_they_change() -> None:
    queue = Queue()
    with queue.place():
        second = queue.place()
        second.__enter__()
        with queue.place() as third:
            told = third.wait(10)
            assert next(told) == 2
            second.__exit__(None, None, None)
            assert next(told) == 1
            assert not third.has_turn


def test_who_waits_too_long_ends_without_a_turn_and_blocks_nobody() -> None:
    queue = Queue()
    with queue.place():
        with queue.place() as late:
            began = time.monotonic()
            assert list(late.wait(0.2)) == [1]
            assert not late.has_turn
            assert time.monotonic() - began < 2
        with queue.place() as after:
            assert queue.ahead(after) == 1


def test_who_leaves_gives_up_the_place_at_once() -> None:
    queue, gone = Queue(), threading.Event()
    with queue.place(), queue.place() as leaving:
        threading.Timer(0.1, gone.set).start()
        began = time.monotonic()
        list(leaving.wait(60, gone))
        assert time.monotonic() - began < 2
        assert not leaving.has_turn


def test_as_many_as_there_are_slots_go_at_once() -> None:
    queue = Queue(2)
    with queue.place() as one, queue.place() as two, queue.place() as three:
        assert (one.has_turn, two.has_turn, three.has_turn) == (True, True, False)
        assert queue.ahead(three) == 1
