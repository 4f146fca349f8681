#!/bin/sh
# Make and deliver the report of every complete month that has not been delivered yet, oldest first: each
# report compares itself with the one before. Run it as often as you like; what is done is not done again,
# and what was missed while the machine was off is made up for.
#
#   RISKKIT_PACK     folder of the evidence
#   RISKKIT_REPORTS  folder of the reports, outside the pack
#   RISKKIT_FIRST    first month to report on, such as 2026-01
#   RISKKIT_DELIVER  options of `riskkit deliver`, such as: --folder /srv/leadership
#   TZ               the site's time zone, as in site.yaml; the machine's without it
#
# Exit code 0 when every month is delivered, else that of the step which failed; the next run tries again.
set -eu
umask 077
: "${RISKKIT_PACK:?name the folder of the evidence}"
: "${RISKKIT_REPORTS:?name the folder of the reports}"
: "${RISKKIT_FIRST:?name the first month to report on, such as 2026-01}"
: "${RISKKIT_DELIVER:?name where reports go, such as --folder /srv/leadership}"

# Months are counted from the year 0, so that they can be compared and added to.
count() { year=${1%-*} month=${1#*-}; echo $((year * 12 + ${month#0} - 1)); }
month=$(count "$RISKKIT_FIRST")
this=$(count "$(date +%Y-%m)")
while [ "$month" -lt "$this" ]; do
    period=$(printf '%04d-%02d' $((month / 12)) $((month % 12 + 1)))
    report=$RISKKIT_REPORTS/$period
    if [ ! -e "$report.delivered" ]; then
        # Findings are what a report is for, so they do not stop it; no trustworthy result (2) does.
        riskkit report "$RISKKIT_PACK" --period "$period" --out "$report" --fail-on never
        # Options are words: no quotes.
        # shellcheck disable=SC2086
        riskkit deliver "$report" $RISKKIT_DELIVER
        : > "$report.delivered"
    fi
    month=$((month + 1))
done
