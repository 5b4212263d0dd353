package io.trainyard.contract.unified;

import io.javalin.http.Context;
import io.trainyard.http.SwaggerPage;
import io.trainyard.wire.Json;
import io.trainyard.wire.Schema;
import java.util.List;
import java.util.Map;
import tools.jackson.databind.node.JsonNodeFactory;
import tools.jackson.databind.node.ObjectNode;

/** The OpenAPI document, made from the table that requests are judged by, and the page that shows it. */
final class ApiDocs {
    private static final JsonNodeFactory JSON = JsonNodeFactory.instance;
    private static final String TITLE = "Unified Trainer API";

    private final String prefix;
    private final byte[] document;

    ApiDocs(String prefix) {
        this.prefix = prefix;
        document = Json.bytes(document(prefix), Json.Style.WHOLE);
    }

    boolean serves(String path) {
        return path.equals("/openapi.json") || path.equals("/docs") || path.equals("/redoc");
    }

    void serve(Context context, String path) {
        if (path.equals("/openapi.json"))
            context.contentType("application/json").result(document);
        else SwaggerPage.write(context, TITLE, prefix + "/openapi.json");
    }

    private static ObjectNode document(String prefix) {
        ObjectNode document = JSON.objectNode();
        document.put("openapi", "3.1.0");
        document.putObject("info").put("title", TITLE).put("version", "0.2.0");
        document.putArray("servers").addObject().put("url", prefix);
        ObjectNode paths = document.putObject("paths");
        paths.putObject("/healthz")
                .putObject("get")
                .put("summary", "Whether the server answers")
                .putObject("responses")
                .putObject("200")
                .put("description", "OK");
        ObjectNode submit = operation(
                paths.putObject("/train"),
                "post",
                "Submit a PyTorchJob",
                "201",
                "TrainResponse",
                Map.of(
                        "400", "The name is taken, or no backend can ever run it",
                        "413", "The body is larger than 5 MB",
                        "422", "Everything that is wrong with the body"));
        content(submit.putObject("requestBody").put("required", true), "TrainRequest");
        ObjectNode all = operation(
                (ObjectNode) paths.get("/train"),
                "get",
                "Newest jobs first",
                "200",
                "TrainList",
                Map.of("422", "A parameter is wrong"));
        parameter(all, "limit", "query", "integer");
        parameter(all, "cursor", "query", "string");
        Map<String, String> unknown = Map.of("404", "No such job");
        ofJob(paths, "", "get", "Where a job stands", "TrainResponse", unknown);
        ofJob(paths, "/cancel", "post", "Cancel a job", "TrainResponse", unknown);
        ObjectNode logs = ofJob(
                paths,
                "/logs",
                "get",
                "The last lines, or those from a number on",
                "TrainLogs",
                Map.of("404", "No such job", "422", "A parameter is wrong"));
        parameter(logs, "from", "query", "integer");
        parameter(logs, "limit", "query", "integer");
        components(document.putObject("components"));
        return document;
    }

    private static ObjectNode ofJob(
            ObjectNode paths, String step, String method, String summary, String answer, Map<String, String> refusals) {
        ObjectNode operation =
                operation(paths.putObject("/train/{name}" + step), method, summary, "200", answer, refusals);
        parameter(operation, "name", "path", "string");
        return operation;
    }

    private static ObjectNode operation(
            ObjectNode path,
            String method,
            String summary,
            String status,
            String answer,
            Map<String, String> refusals) {
        ObjectNode operation = path.putObject(method).put("summary", summary);
        operation.putArray("security").addObject().putArray("token");
        ObjectNode responses = operation.putObject("responses");
        content(responses.putObject(status).put("description", "OK"), answer);
        responses.putObject("401").put("description", "The token is missing");
        responses.putObject("403").put("description", "The token is wrong");
        refusals.keySet().stream()
                .sorted()
                .forEach(code -> responses.putObject(code).put("description", refusals.get(code)));
        return operation;
    }

    private static void content(ObjectNode holder, String schema) {
        holder.putObject("content")
                .putObject("application/json")
                .putObject("schema")
                .put("$ref", "#/components/schemas/" + schema);
    }

    private static void parameter(ObjectNode operation, String name, String in, String type) {
        ObjectNode schema = operation
                .withArray("parameters")
                .addObject()
                .put("name", name)
                .put("in", in)
                .put("required", in.equals("path"))
                .putObject("schema")
                .put("type", type);
        if (type.equals("integer")) schema.put("minimum", 1);
    }

    private static void components(ObjectNode components) {
        ObjectNode schemas = components.putObject("schemas");
        schemas.set("TrainRequest", Schema.of(Tables.REQUEST));
        ObjectNode response = object(schemas, "TrainResponse", List.of("name", "detail", "framework", "run_id"));
        var words = response.putObject("status").put("type", "string").putArray("enum");
        List.of("submitted", "running", "suspended", "failed", "succeeded", "cancelled")
                .forEach(words::add);
        response.putObject("warnings").put("type", "array").putObject("items").put("type", "string");
        ObjectNode list = object(schemas, "TrainList", List.of());
        list.putObject("jobs")
                .put("type", "array")
                .putObject("items")
                .put("$ref", "#/components/schemas/TrainResponse");
        list.putObject("next").putArray("type").add("string").add("null");
        ObjectNode logs = object(schemas, "TrainLogs", List.of("name"));
        logs.putObject("logs").put("type", "array").putObject("items").put("type", "object");
        logs.putObject("next").put("type", "integer");
        components
                .putObject("securitySchemes")
                .putObject("token")
                .put("type", "apiKey")
                .put("in", "header")
                .put("name", "X-TRAINER-TOKEN");
    }

    /** Its properties, with those that are text. */
    private static ObjectNode object(ObjectNode schemas, String name, List<String> texts) {
        ObjectNode properties = schemas.putObject(name).put("type", "object").putObject("properties");
        for (String text : texts) properties.putObject(text).put("type", "string");
        return properties;
    }
}
