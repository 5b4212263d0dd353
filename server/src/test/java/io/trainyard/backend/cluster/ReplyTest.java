package io.trainyard.backend.cluster;

import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

class ReplyTest {
    private static Reply.Refused refused(int status, String message) {
        return new Reply.Refused(status, "Forbidden", message);
    }

    @Test
    void a_server_that_has_not_read_its_roles_yet_has_refused_nothing() {
        String starting =
                "jobs.batch is forbidden: User \"system:serviceaccount:a:trainyard\" cannot list resource \"jobs\""
                        + " in API group \"batch\" in the namespace \"b\": RBAC: [clusterrole.rbac.authorization.k8s.io"
                        + " \"system:basic-user\" not found, clusterrole.rbac.authorization.k8s.io \"system:discovery\" not found]";
        assertTrue(refused(403, starting).passing());
        assertFalse(
                refused(403, starting.substring(0, starting.indexOf(": RBAC"))).passing());
        assertFalse(refused(403, "exceeded quota: gpus, requested: 8, used: 8, limited: 8")
                .passing());
        assertTrue(refused(503, "shutting down").passing());
        assertFalse(refused(404, "jobs.batch \"train\" not found").passing());
    }
}
