#!/usr/bin/env python3
"""Writes holidays.tsv: the public holidays of every country and region that the Python package `holidays` knows.

    pip install holidays==0.108 && python3 make.py > holidays.tsv

Every line has three parts, separated by tabs. A country begins with `=`, its code and its name; its regions follow with
`-`, code and name. Then one line per holiday: whose it is, its dates, its name. Whose: `*` everybody's, `*,-A,-B` all but
those, `A,B` only those; `.` is the country itself, for people who name no region. A date is month and day if it is the
same in every year, else it has its year.
"""

import re
from collections import defaultdict

import holidays

YEARS = range(2026, 2036)


def words(name):
    """`IsleOfMan` -> `Isle of Man`"""
    spaced = re.sub(r"(?<=[a-z])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", " ", name)
    return re.sub(r" (And|Of|The) ", lambda small: small.group().lower(), spaced)


def english(code, region):
    """The public holidays of one region, with English names where there are any."""
    country = getattr(holidays, code)
    language = next((l for l in ("en_GB", "en_US", "en") if l in country.supported_languages), None)
    return holidays.country_holidays(code, subdiv=region, years=YEARS, language=language)


def dates(days):
    """`01-06` for the same day of every year, `2026-04-03` for one of a year."""
    by_day = defaultdict(set)
    for day in days:
        by_day[day.strftime("%m-%d")].add(day.year)
    written = []
    for month_day, years in sorted(by_day.items()):
        if years == set(YEARS):
            written.append(month_day)
        else:
            written += [f"{year}-{month_day}" for year in sorted(years)]
    return " ".join(sorted(written))


def whose(owners, everybody):
    missing = sorted(everybody - owners)
    if not missing:
        return "*"
    if len(missing) <= len(owners):
        return ",".join(["*"] + [f"-{code}" for code in missing])
    return ",".join(sorted(owners))


for code in sorted(code for code in holidays.list_supported_countries(include_aliases=False) if len(code) == 2):
    country = getattr(holidays, code)
    regions = sorted(country.subdivisions)
    names = {}
    for alias, region in sorted(country.subdivisions_aliases.items()):
        names.setdefault(region, alias)
    print(f"=\t{code}\t{words(country.__mro__[1].__name__)}")
    for region in regions:
        print(f"-\t{region}\t{names.get(region, region)}")
    owners = defaultdict(set)
    for region in [None, *regions]:
        for day, name in english(code, region).items():
            owners[(day, name)].add(region or ".")
    days = defaultdict(set)
    everybody = {".", *regions}
    for (day, name), having in owners.items():
        days[(whose(having, everybody), name)].add(day)
    for (having, name), on in sorted(days.items(), key=lambda item: (dates(item[1]), item[0])):
        print(f"{having}\t{dates(on)}\t{name}")
