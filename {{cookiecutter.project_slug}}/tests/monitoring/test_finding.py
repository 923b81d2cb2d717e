import pytest

from {{ cookiecutter.__package }}.monitoring.finding import persistent


@pytest.mark.parametrize(
    ("breaches", "k_of_m", "alert"),
    [
        ([], (1, 1), False),
        ([True], (1, 1), True),
        ([True], (2, 3), False),
        ([True, True], (2, 3), True),
        ([True, False, True], (2, 3), True),
        ([True, True, False], (2, 3), False),
        ([True, False, False, True], (2, 3), False),
        ([True, True, True, False], (1, 3), False),
        ([False, True, True, True], (3, 3), True),
    ],
)
def test_an_alert_needs_k_of_the_last_m_windows_and_the_newest(
    breaches: list[bool], k_of_m: tuple[int, int], alert: bool
) -> None:
    assert persistent(breaches, k_of_m) is alert
