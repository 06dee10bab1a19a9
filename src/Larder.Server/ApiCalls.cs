using System.Text.Json.Nodes;
using Larder.Registry.Access;
using Larder.Registry.Http;
using Microsoft.AspNetCore.OpenApi;
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
        operation.Tags = new HashSet<OpenApiTagReference> { new(ApiTags.Of(path), context.Document) };
        operation.Parameters = [.. PathParameters(path)];
        operation.RequestBody = null;
        if (method is "GET" or "HEAD" or "DELETE" or "OPTIONS")
            foreach (var parameter in call.Parameters) operation.Parameters.Add(InQuery(parameter));
        else if (required.Surface == Surface.GenericPackages)
            Bytes(operation, call);
        else if (call.Parameters.Count > 0)
            operation.RequestBody = Body(call.Parameters);
        operation.Responses = ApiAnswers.Of(operation.Responses, [.. metadata], method, context.Document!);
    }

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
                ["application/octet-stream"] = new OpenApiMediaType { Schema = ApiAnswers.Bytes() },
            },
        };
    }

    /// <summary>What a parameter, or a header of an answer, is made of.</summary>
    public static OpenApiSchema Schema(ParameterDescription parameter) => parameter.Kind switch
    {
        "integer" => new() { Type = JsonSchemaType.Integer, Format = "int64" },
        "boolean" => new() { Type = JsonSchemaType.Boolean },
        "date" => new() { Type = JsonSchemaType.String, Format = "date" },
        "instant" => new() { Type = JsonSchemaType.String, Format = "date-time" },
        "list" => new() { Type = JsonSchemaType.Array, Items = new OpenApiSchema { Type = JsonSchemaType.String } },
        "object" => new() { Type = JsonSchemaType.Object },
        _ => new() { Type = JsonSchemaType.String, Enum = parameter.Words.Count == 0 ? null : [.. parameter.Words.Select(word => (JsonNode)word)] },
    };
}
