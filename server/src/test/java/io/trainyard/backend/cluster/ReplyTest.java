package io.trainyard.backend.cluster;

import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

class ReplyTest {
    private static Reply.Refused refused(String message) {
        return new Reply.Refused(403, "Forbidden", message);
    }

    @Test
    void what_we_may_not_is_told_from_what_is_not_allowed() {
        assertTrue(refused(
                        "jobs.batch is forbidden: User \"system:serviceaccount:a:trainyard\" cannot create resource \"jobs\""
                                + " in API group \"batch\" in the namespace \"b\"")
                .unauthorized());
        assertFalse(
                refused("jobs.batch \"train\" is forbidden: exceeded quota: gpus, requested: 8, used: 8, limited: 8")
                        .unauthorized());
        assertFalse(refused("pods \"train\" is forbidden: violates PodSecurity \"restricted:latest\"")
                .unauthorized());
    }
}
