-- The example's own tables. The library knows none of them; its own are made by its own migrations.
--
-- Whatever says who or which compares byte by byte: the server's own collations equate different letters.

CREATE TABLE IF NOT EXISTS users (
    id              BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
    email           VARCHAR(254) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL,
    -- The form the library compares addresses in, so that both agree who is who.
    email_canonical VARCHAR(254) CHARACTER SET ascii COLLATE ascii_bin NOT NULL UNIQUE,
    email_verified  BOOLEAN NOT NULL DEFAULT FALSE,
    full_name       VARCHAR(200) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL,
    password_hash   VARCHAR(255) CHARACTER SET ascii COLLATE ascii_bin NOT NULL
) ENGINE = InnoDB;

CREATE TABLE IF NOT EXISTS organizations (
    id   BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
    name VARCHAR(200) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL
) ENGINE = InnoDB;

CREATE TABLE IF NOT EXISTS memberships (
    organization_id BIGINT NOT NULL,
    user_id         BIGINT NOT NULL,
    role            VARCHAR(7) CHARACTER SET ascii COLLATE ascii_bin NOT NULL CHECK (
        role IN ('owner', 'admin', 'manager', 'member', 'viewer')
    ),
    -- Which invitation brought this member in; whoever founded the organization came by none.
    invitation_id   CHAR(36) CHARACTER SET ascii COLLATE ascii_bin UNIQUE,
    PRIMARY KEY (organization_id, user_id),
    KEY memberships_by_user (user_id),
    FOREIGN KEY (organization_id) REFERENCES organizations (id),
    FOREIGN KEY (user_id) REFERENCES users (id)
) ENGINE = InnoDB;

-- How many letters and links somebody has asked for in one minute. One row each: the next minute takes it over.
CREATE TABLE IF NOT EXISTS quotas (
    user_id BIGINT NOT NULL PRIMARY KEY,
    -- Since 1970.
    minute  BIGINT NOT NULL,
    used    BIGINT NOT NULL,
    FOREIGN KEY (user_id) REFERENCES users (id)
) ENGINE = InnoDB;
