using System.Globalization;
using System.Text.Json.Nodes;
using Larder.Registry.Access;
using Larder.Registry.Http;
using Microsoft.AspNetCore.OpenApi;
using Microsoft.AspNetCore.WebUtilities;
using Microsoft.OpenApi;

namespace Larder.Server;

/// <summary>Turns what an endpoint says of itself into an operation of the OpenAPI document.</summary>
internal static class ApiCalls
{
    private static readonly (string Name, string Description)[] Credentials =
    [
        ("PRIVATE-TOKEN", "A personal, project or group access token."), ("Deploy-Token", "A deploy token."), ("JOB-TOKEN", "A job token."),
    ];

    /// <summary>The headers that carry a token.</summary>
    public static void AddCredentials(OpenApiDocument document)
    {
        document.Components ??= new OpenApiComponents();
        document.Components.SecuritySchemes ??= new Dictionary<string, IOpenApiSecurityScheme>();
        foreach (var (name, description) in Credentials)
        {
            document.Components.SecuritySchemes[name] = new OpenApiSecurityScheme
            {
                Type = SecuritySchemeType.ApiKey, In = ParameterLocation.Header, Name = name, Description = description,
            };
        }
        document.Security = [.. Credentials.Select(credential => new OpenApiSecurityRequirement
        {
            [new OpenApiSecuritySchemeReference(credential.Name, document)] = [],
        })];
    }

    /// <summary>Fills in summary, parameters and answers.</summary>
    public static void Describe(OpenApiOperation operation, OpenApiOperationTransformerContext context)
    {
        var metadata = context.Description.ActionDescriptor.EndpointMetadata;
        var (call, required) = (metadata.OfType<CallDescription>().Single(), metadata.OfType<RequiredPermission>().Single());
        var (method, path) = (context.Description.HttpMethod!, context.Description.RelativePath!);
        operation.Summary = call.Summary;
        operation.OperationId = null;
        operation.Tags = new HashSet<OpenApiTagReference> { new(Tag(path), context.Document) };
        operation.Parameters = [.. PathParameters(path)];
        operation.RequestBody = null;
        if (method is "GET" or "HEAD" or "DELETE" or "OPTIONS")
            foreach (var parameter in call.Parameters) operation.Parameters.Add(InQuery(parameter));
        else if (required.Surface == Surface.GenericPackages)
            Bytes(operation, call);
        else if (call.Parameters.Count > 0)
            operation.RequestBody = Body(call.Parameters);
        operation.Responses = Answers(method, required, call);
    }

    private static string Tag(string path) => path switch
    {
        _ when path.Contains("virtual_registries", StringComparison.Ordinal) => "Virtual registries",
        _ when path.Contains("packages", StringComparison.Ordinal) || path.Contains("package_", StringComparison.Ordinal) => "Packages",
        _ when path.Contains("token", StringComparison.Ordinal) => "Tokens",
        _ when path.Contains("audit_events", StringComparison.Ordinal) => "Audit events",
        _ when path.StartsWith("api/v4/groups", StringComparison.Ordinal) => "Groups",
        _ when path.StartsWith("api/v4/projects", StringComparison.Ordinal) => "Projects",
        _ when path.StartsWith("api/v4/user", StringComparison.Ordinal) => "Users",
        _ => "Server",
    };

    private static IEnumerable<OpenApiParameter> PathParameters(string path) =>
        path.Split('{').Skip(1).Select(part => part[..part.IndexOf('}', StringComparison.Ordinal)]).Select(name => new OpenApiParameter
        {
            Name = name.TrimStart('*'), In = ParameterLocation.Path, Required = true, Schema = new OpenApiSchema { Type = JsonSchemaType.String },
            Description = name == "id" && !path.Contains("virtual_registries", StringComparison.Ordinal)
                ? "A number, or the full path with every slash as %2F." : null,
        });

    private static OpenApiParameter InQuery(ParameterDescription parameter) => new()
    {
        Name = parameter.Name, In = ParameterLocation.Query, Required = parameter.IsRequired, Schema = Schema(parameter),
    };

    private static OpenApiRequestBody Body(IReadOnlyList<ParameterDescription> parameters)
    {
        var schema = new OpenApiSchema
        {
            Type = JsonSchemaType.Object,
            Properties = parameters.ToDictionary(parameter => parameter.Name, parameter => (IOpenApiSchema)Schema(parameter)),
            Required = parameters.Where(parameter => parameter.IsRequired).Select(parameter => parameter.Name).ToHashSet(),
        };
        var content = new Dictionary<string, OpenApiMediaType>();
        foreach (var type in new[] { "application/json", "application/x-www-form-urlencoded" }) content[type] = new OpenApiMediaType { Schema = schema };
        return new OpenApiRequestBody { Content = content, Required = schema.Required.Count > 0 };
    }

    private static void Bytes(OpenApiOperation operation, CallDescription call)
    {
        foreach (var parameter in call.Parameters) operation.Parameters!.Add(InQuery(parameter));
        operation.RequestBody = new OpenApiRequestBody
        {
            Content = new Dictionary<string, OpenApiMediaType>
            {
                ["application/octet-stream"] = new OpenApiMediaType { Schema = new OpenApiSchema { Type = JsonSchemaType.String, Format = "binary" } },
            },
        };
    }

    private static OpenApiSchema Schema(ParameterDescription parameter) => parameter.Kind switch
    {
        "integer" => new() { Type = JsonSchemaType.Integer, Format = "int64" },
        "boolean" => new() { Type = JsonSchemaType.Boolean },
        "date" => new() { Type = JsonSchemaType.String, Format = "date" },
        "instant" => new() { Type = JsonSchemaType.String, Format = "date-time" },
        "list" => new() { Type = JsonSchemaType.Array, Items = new OpenApiSchema { Type = JsonSchemaType.String } },
        "object" => new() { Type = JsonSchemaType.Object },
        _ => new() { Type = JsonSchemaType.String, Enum = parameter.Words.Count == 0 ? null : [.. parameter.Words.Select(word => (JsonNode)word)] },
    };

    private static OpenApiResponses Answers(string method, RequiredPermission required, CallDescription call)
    {
        var answers = new OpenApiResponses
        {
            [method switch { "POST" => "201", "DELETE" => "204", _ => "200" }] = new OpenApiResponse { Description = call.Summary },
        };
        List<int> refusals = [401, 403, 404, 503];
        if (call.Parameters.Count > 0 || required.Surface is Surface.GenericPackages or Surface.VirtualRegistryDownload) refusals.Add(400);
        if (required.Surface == Surface.GenericPackages && method == "PUT") refusals.AddRange([413, 507]);
        if (required.Surface == Surface.VirtualRegistryDownload) refusals.Add(429);
        foreach (var status in refusals.Order())
        {
            answers[status.ToString(CultureInfo.InvariantCulture)] = new OpenApiResponse
            {
                Description = ReasonPhrases.GetReasonPhrase(status),
                Content = new Dictionary<string, OpenApiMediaType> { ["application/json"] = new OpenApiMediaType { Schema = Error(status) } },
            };
        }
        return answers;
    }

    // GitLab's two shapes; a refused field adds its name and its texts (generic-packages contract section 9).
    private static OpenApiSchema Error(int status) => new()
    {
        Type = JsonSchemaType.Object,
        Properties = new Dictionary<string, IOpenApiSchema>
        {
            ["message"] = status == 400
                ? new OpenApiSchema { Description = "A text, or the texts of each field by its name." }
                : new OpenApiSchema { Type = JsonSchemaType.String },
            ["error"] = new OpenApiSchema { Type = JsonSchemaType.String },
        },
    };
}
