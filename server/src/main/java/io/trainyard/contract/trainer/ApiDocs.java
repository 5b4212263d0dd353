package io.trainyard.contract.trainer;

import io.javalin.http.Context;
import io.trainyard.http.SwaggerPage;
import io.trainyard.wire.Json;
import io.trainyard.wire.Schema;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import tools.jackson.databind.node.JsonNodeFactory;
import tools.jackson.databind.node.ObjectNode;

/** The OpenAPI document of each service, made from the table that requests are judged by, and the page that shows it. */
final class ApiDocs {
    private static final JsonNodeFactory JSON = JsonNodeFactory.instance;

    private final Map<Service, byte[]> documents = new EnumMap<>(Service.class);

    ApiDocs() {
        for (Service service : Service.ALL) documents.put(service, Json.bytes(document(service), Json.Style.WHOLE));
    }

    boolean serves(String path) {
        return path.equals("/openapi.json") || path.equals("/docs") || path.equals("/redoc");
    }

    void serve(Context context, Service service, String path) {
        if (path.equals("/openapi.json"))
            context.contentType("application/json").result(documents.getOrDefault(service, new byte[0]));
        else SwaggerPage.write(context, service.title, "/" + service.word + "/openapi.json");
    }

    private static ObjectNode document(Service service) {
        ObjectNode document = JSON.objectNode();
        document.put("openapi", "3.1.0");
        document.putObject("info").put("title", service.title).put("version", "0.1.0");
        document.putArray("servers").addObject().put("url", "/" + service.word);
        ObjectNode paths = document.putObject("paths");
        operation(paths, "/healthz", "get", "Whether the server answers", false);
        ObjectNode submit = operation(paths, "/train", "post", "Submit a training job", true);
        submit.putObject("requestBody")
                .put("required", true)
                .putObject("content")
                .putObject("application/json")
                .putObject("schema")
                .put("$ref", "#/components/schemas/TrainingRequest");
        parameter(operation(paths, "/train/{job_id}", "get", "Where a job stands", true));
        parameter(operation(paths, "/train/{job_id}/cancel", "post", "Cancel a job", true));
        ObjectNode components = document.putObject("components");
        ObjectNode schemas = components.putObject("schemas");
        schemas.set("TrainingRequest", Schema.of(Tables.REQUEST));
        schemas.set("TrainingResponse", response());
        components
                .putObject("securitySchemes")
                .putObject("token")
                .put("type", "apiKey")
                .put("in", "header")
                .put("name", "X-TRAINER-TOKEN");
        return document;
    }

    private static ObjectNode operation(ObjectNode paths, String path, String method, String summary, boolean job) {
        ObjectNode operation = paths.putObject(path).putObject(method);
        operation.put("summary", summary);
        ObjectNode responses = operation.putObject("responses");
        ObjectNode good = responses.putObject("200").put("description", "OK");
        if (!job) return operation;
        good.putObject("content")
                .putObject("application/json")
                .putObject("schema")
                .put("$ref", "#/components/schemas/TrainingResponse");
        operation.putArray("security").addObject().putArray("token");
        responses.putObject("401").put("description", "The token is missing");
        responses.putObject("403").put("description", "The token is wrong");
        if (method.equals("post") && path.equals("/train")) {
            responses.putObject("400").put("description", "A rule of the service is broken, or the id is taken");
            responses.putObject("413").put("description", "The body is larger than 5 MB");
            responses.putObject("422").put("description", "Everything that is wrong with the body");
        } else {
            responses.putObject("404").put("description", "No such job");
        }
        return operation;
    }

    private static void parameter(ObjectNode operation) {
        operation
                .putArray("parameters")
                .addObject()
                .put("name", "job_id")
                .put("in", "path")
                .put("required", true)
                .putObject("schema")
                .put("type", "string");
    }

    private static ObjectNode response() {
        ObjectNode response = JSON.objectNode().put("type", "object");
        ObjectNode properties = response.putObject("properties");
        for (String name : List.of("job_id", "backend_job_id", "detail"))
            properties.putObject(name).put("type", "string");
        var words = properties.putObject("status").put("type", "string").putArray("enum");
        for (String word : List.of("submitted", "running", "failed", "succeeded", "cancelled")) words.add(word);
        properties.putObject("dashboard_url").put("type", "null");
        properties.putObject("metadata").put("type", "object");
        properties.putObject("warnings").put("type", "array").putObject("items").put("type", "string");
        return response;
    }
}
