-- The example's own tables. The library knows none of them; its own are made by its own migrations.

CREATE TABLE IF NOT EXISTS users (
    id              bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    email           text NOT NULL,
    -- The form the library compares addresses in, so that both agree who is who.
    email_canonical text NOT NULL UNIQUE,
    email_verified  boolean NOT NULL DEFAULT false,
    full_name       text NOT NULL,
    password_hash   text NOT NULL
);

CREATE TABLE IF NOT EXISTS organizations (
    id   bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name text NOT NULL
);

CREATE TABLE IF NOT EXISTS memberships (
    organization_id bigint NOT NULL REFERENCES organizations (id),
    user_id         bigint NOT NULL REFERENCES users (id),
    role            text NOT NULL CHECK (role IN ('owner', 'admin', 'manager', 'member', 'viewer')),
    -- Which invitation brought this member in; whoever founded the organization came by none.
    invitation_id   text UNIQUE,
    PRIMARY KEY (organization_id, user_id)
);

-- How many letters and links somebody has asked for in one minute. One row each: the next minute takes it over.
CREATE TABLE IF NOT EXISTS quotas (
    user_id bigint PRIMARY KEY REFERENCES users (id),
    -- Since 1970.
    minute  bigint NOT NULL,
    used    bigint NOT NULL
);

CREATE INDEX IF NOT EXISTS memberships_by_user ON memberships (user_id);
