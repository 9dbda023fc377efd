-- The example's own tables. The library knows none of them; its own are made by its own migrations.

CREATE TABLE IF NOT EXISTS users (
    -- AUTOINCREMENT: an id in the invitations' history must never come to mean somebody else.
    id              INTEGER PRIMARY KEY AUTOINCREMENT,
    email           TEXT NOT NULL,
    -- The form the library compares addresses in, so that both agree who is who.
    email_canonical TEXT NOT NULL UNIQUE,
    email_verified  INTEGER NOT NULL DEFAULT 0,
    full_name       TEXT NOT NULL,
    password_hash   TEXT NOT NULL
) STRICT;

CREATE TABLE IF NOT EXISTS organizations (
    id   INTEGER PRIMARY KEY AUTOINCREMENT,
    name TEXT NOT NULL
) STRICT;

CREATE TABLE IF NOT EXISTS memberships (
    organization_id INTEGER NOT NULL REFERENCES organizations (id),
    user_id         INTEGER NOT NULL REFERENCES users (id),
    role            TEXT NOT NULL CHECK (role IN ('owner', 'admin', 'manager', 'member', 'viewer')),
    -- Which invitation brought this member in; whoever founded the organization came by none.
    invitation_id   TEXT UNIQUE,
    PRIMARY KEY (organization_id, user_id)
) STRICT;

-- How many letters and links somebody has asked for in one minute. One row each: the next minute takes it over.
CREATE TABLE IF NOT EXISTS quotas (
    user_id INTEGER PRIMARY KEY REFERENCES users (id),
    -- Since 1970.
    minute  INTEGER NOT NULL,
    used    INTEGER NOT NULL
) STRICT;

CREATE INDEX IF NOT EXISTS memberships_by_user ON memberships (user_id);
