"""The workforce and the accounts it holds."""

from __future__ import annotations

from riskkit.tables.schema import Column, Table

ROSTER = Table(
    name="roster",
    doc="The workforce, from human resources: who works where, as what, from when to when; a rehire is "
    "a further row.",
    place="people/roster.csv",
    canonical=True,
    key=("user_id", "employed_from"),
    ask="the list of people from human resources, leavers of the last 12 months included",
    columns=(
        Column("user_id", doc="log-in name, as the audit trail writes it", required=True, phi=True,
               folded=True),
        Column("family_name", phi=True),
        Column("given_name", phi=True),
        Column("role", doc="job: radiologist, technologist, nurse ...", required=True),
        Column("department", doc="where the person works"),
        Column("employed_from", "date", "first day of employment", required=True),
        Column("employed_to", "date", "last day of employment; empty while employed"),
        Column("shift", doc="day, evening, night ..."),
        Column("address", doc="home address", phi=True),
        Column("patient_id", doc="the person's own record number, where HR may hold it", phi=True),
        Column("manager", doc="user_id of who leads the person: does not review the person's alerts",
               phi=True, folded=True),
    ),
)  # fmt: skip

SCHEDULE = Table(
    name="schedule",
    doc="Who was on duty when: one row per shift, on-call duty or float assignment.",
    place="people/schedule.csv",
    canonical=True,
    lazy=True,
    key=(),
    ask="the duty roster as worked, on-call and float duty included, for the period and the month before",
    columns=(
        Column(
            "user_id", doc="log-in name, as the audit trail writes it", required=True, phi=True, folded=True
        ),
        Column("starts_us", "instant_us", required=True, unit="µs since 1970 UTC"),
        Column("ends_us", "instant_us", required=True, unit="µs since 1970 UTC"),
        Column("department", doc="where the duty was, when not the person's own department"),
        Column("duty", doc="shift, on-call, float, teaching ..."),
    ),
)

WORKSTATIONS = Table(
    name="workstations",
    doc="Where each workstation stands.",
    place="people/workstations.csv",
    canonical=True,
    key=("host",),
    ask="the list of workstations: host name or address as the audit trail writes it, zone, department, site",
    columns=(
        Column("host", doc="host name or address, as the audit trail writes it", required=True),
        Column("zone", doc="part of the building that is walked through in minutes", required=True),
        Column("department", doc="who works there; empty for shared rooms"),
        Column("site", doc="building or campus; workstations of two sites are a journey apart"),
        Column("public", "boolean", "stands where patients, visitors or passers-by come; empty is unknown"),
        Column("secured", "boolean", "locked room, or fixed and locked when nobody sits at it"),
        Column("screen_shielded", "boolean", "strangers cannot read the screen"),
        Column("inspected_on", "date", "last day on which somebody looked at the place"),
    ),
)

EXEMPTIONS = Table(
    name="exemptions",
    doc="What is known to be in order and need not be put up for review: proxies, occupational health, "
    "VPN egress, on-call desks, service accounts, scan windows. Every cell that is filled must match; "
    "an empty one matches all. Each exemption is printed with how often it was applied.",
    place="people/exemptions.csv",
    canonical=True,
    key=(),
    ask="who approved which exception from the review of accesses, for whom, why and until when",
    columns=(
        Column("detector", doc="check id, or * for all", required=True),
        Column("user_id", phi=True, folded=True),
        Column("patient_id", phi=True),
        Column("role", doc="role of the roster"),
        Column("department", doc="department of the roster"),
        Column("network", doc="address or network such as 10.8.0.0/16, from which it is in order"),
        Column("system_id", doc="system of inventory/systems.csv"),
        Column("reason", required=True),
        Column("approved_by", doc="who agreed", required=True, proof=True),
        Column("valid_from", "date"),
        Column("valid_to", "date", "last day"),
    ),
)

SELF_MATCH = Table(
    name="self_match",
    doc="The own record numbers of people who work here, matched by the privacy office: human resources "
    "should not hold them.",
    place="people/self_match.csv",
    canonical=True,
    alone=True,
    key=("user_id", "patient_id"),
    ask="the record numbers of the workforce, matched and kept by the privacy office",
    columns=(
        Column(
            "user_id", doc="log-in name, as the audit trail writes it", required=True, phi=True, folded=True
        ),
        Column("patient_id", doc="the person's own record number", required=True, phi=True),
    ),
)

ACCOUNTS = Table(
    name="accounts",
    doc="Accounts that can open a system holding ePHI, and how they authenticate.",
    place="people/accounts/*.csv",
    canonical=True,
    key=("system_id", "account"),
    ask="the account list of each system: account, whom it belongs to, enabled, MFA, privileged, last log-in",
    columns=(
        Column("system_id", doc="system of inventory/systems.csv", required=True),
        Column("account", doc="log-in name", required=True, phi=True, folded=True),
        Column(
            "user_id",
            doc="the person of the roster; empty for shared and service accounts",
            phi=True,
            folded=True,
        ),
        Column("enabled", "boolean", required=True),
        Column("mfa", "boolean", "a second factor is required at log-in; empty when unknown"),
        Column("privileged", "boolean", "may administer the system"),
        Column("remote", "boolean", "may log in from outside the hospital's network"),
        Column(
            "kind",
            doc="what the account is",
            values=("person", "shared", "service", "vendor", "emergency"),
        ),
        Column("last_login", "instant"),
        Column("created_on", "date"),
        Column("disabled_at", "instant"),
        Column("password_changed_on", "date"),
        Column("password_never_expires", "boolean"),
        Column("default_password", "boolean", "still opens with the password that the vendor documents"),
    ),
)

GRANTS = Table(
    name="grants",
    doc="What each account may do, and who agreed to it.",
    place="people/grants/*.csv",
    canonical=True,
    key=("system_id", "account", "permission"),
    ask="the roles and rights of each account, with who asked for them, who approved them and when",
    columns=(
        Column("system_id", doc="system of inventory/systems.csv", required=True),
        Column("account", doc="log-in name", required=True, phi=True, folded=True),
        Column("permission", doc="role, group or right, as the system calls it", required=True),
        Column("granted_on", "date"),
        Column("granted_by", doc="who made the change in the system", phi=True, folded=True),
        Column(
            "approved",
            "boolean",
            "somebody who may decide it agreed; empty when nothing is recorded",
        ),
        Column("approved_by", doc="log-in name of who agreed", phi=True, proof=True),
    ),
)

ROLE_RIGHTS = Table(
    name="role_rights",
    doc="Which rights each job needs, as the organisation decided: one row per job, system and right "
    "(45 CFR 164.514(d)).",
    place="people/role_rights.csv",
    canonical=True,
    key=("role", "system_id", "permission"),
    ask="the decision which rights each job needs on each system, who approved it and when it was reviewed",
    columns=(
        Column("role", doc="job, as the roster calls it", required=True),
        Column("system_id", doc="system of inventory/systems.csv; empty for all systems"),
        Column("permission", doc="role, group or right, as the system calls it", required=True),
        Column("reason", doc="what the job needs it for"),
        Column("approved_by", proof=True),
        Column("reviewed_on", "date"),
    ),
)

CONFIGURATIONS = Table(
    name="configurations",
    doc="How a system is set to identify people: one row per setting. Keys and values: "
    "`authentication.enabled`, `authentication.plugin`, `remote.allowed`, `registration.allowed`, "
    "`lockout.enabled`, `session.remember_me` (yes, no); `second_factor.required` (all, enrolled, none); "
    "`ssl.required` (all, external, none); `password.min_length`, `password.history`, "
    "`password.max_age_days`, `password.character_classes`, `lockout.attempts`, `session.idle_seconds`, "
    "`session.remember_idle_seconds`, `session.max_seconds` (whole numbers, 0: not set); "
    "`password.reversible` (yes, no). Further keys are kept and judged by nothing.",
    place="people/configurations/*.csv",
    canonical=True,
    key=("system_id", "part", "key"),
    ask="the settings for log-in, passwords, lock-out and sessions of each system, exported by the system",
    columns=(
        Column("system_id", doc="system of inventory/systems.csv", required=True),
        Column("part", doc="realm, domain or policy; empty for all of the system"),
        Column("key", doc="setting, such as session.idle_seconds", required=True),
        Column("value", doc="as the key asks; empty when the export does not tell"),
    ),
)

TABLES = (
    ROSTER,
    SCHEDULE,
    WORKSTATIONS,
    EXEMPTIONS,
    SELF_MATCH,
    ACCOUNTS,
    GRANTS,
    ROLE_RIGHTS,
    CONFIGURATIONS,
)
