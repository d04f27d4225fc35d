"""What answers cost: energy is power times time, a month is the sum of its records, prices are the site's."""

import pytest

from appliance.answering.usage import Prices, measure, month_of


def test_energy_is_power_times_time() -> None:
    assert measure(10, 5, 3600.0, 65.0).watt_hours == pytest.approx(65.0)
    assert measure(10, 5, -1.0, 65.0).watt_hours == 0


def test_a_month_beside_the_same_tokens_at_an_api() -> None:
    rows = [measure(1_000_000, 0, 1800, 100).as_json(), measure(0, 500_000, 1800, 100).as_json(), {}]
    told = month_of(rows).compared(Prices(0.5, 2.0, 8.0))
    assert told["answers"] == 2
    assert told["kilowatt_hours"] == pytest.approx(0.1)
    assert told["energy_cost"] == pytest.approx(0.05)
    assert told["api_cost"] == pytest.approx(2.0 + 4.0)


def test_a_month_without_answers_costs_nothing() -> None:
    assert set(month_of([]).compared(Prices(1, 1, 1)).values()) == {0}
