package io.trainyard.job;

import java.util.Optional;

/**
 * Whose job it is and under which name its client knows it.
 *
 * @param contract the wire contract it came by, such as {@code trainer}
 * @param service the contract's service, such as {@code nemo}; empty where a contract has only one
 * @param clientId the client's own id, verbatim
 * @param generation 1 for the first job under that client id, counted up when a finished id is submitted again
 */
public record Identity(String project, String contract, String service, Optional<String> clientId, int generation) {
    public static final String DEFAULT_PROJECT = "default";

    public Identity withGeneration(int next) {
        return new Identity(project, contract, service, clientId, next);
    }
}
