using System.Globalization;
using Larder.Registry.Access;
using Larder.Registry.Http;
using Microsoft.AspNetCore.WebUtilities;
using Microsoft.OpenApi;

namespace Larder.Server;

/// <summary>The answers of an operation of the OpenAPI document.</summary>
internal static class ApiAnswers
{
    /// <summary>What it answers when all goes well, then the refusals.</summary>
    /// <param name="made">What the framework has made of the same metadata: only the schemas of it are taken.</param>
    /// <param name="metadata">That of the endpoint.</param>
    /// <param name="method">The HTTP method.</param>
    /// <param name="document">The document.</param>
    public static OpenApiResponses Of(OpenApiResponses? made, IReadOnlyList<object> metadata, string method, OpenApiDocument document)
    {
        var (call, required) = (metadata.OfType<CallDescription>().Single(), metadata.OfType<RequiredPermission>().Single());
        var answers = new OpenApiResponses();
        foreach (var shapes in metadata.OfType<CallAnswer>().GroupBy(answer => answer.Status))
        {
            var (answer, status) = (shapes.First(), Text(shapes.Key));
            if (method == "HEAD" && answer.Status == StatusCodes.Status206PartialContent) continue; // HEAD knows no parts
            answers[status] = new OpenApiResponse
            {
                Description = call.Summary,
                Headers = answer.Headers.Count == 0 ? null : answer.Headers.ToDictionary(header => header.Name, Header),
                Content = method == "HEAD" ? null
                    : answer.MediaTypes.Count > 0 ? Content(Bytes(), answer.MediaTypes)
                    : answer.Body is null ? null
                    : Content(Schema([.. shapes], made![status].Content![CallAnswers.Json].Schema!, document), CallAnswers.Json),
            };
        }
        List<int> refusals = [401, 403, 404, 503, .. metadata.OfType<OnlyRefusal>().Select(refusal => refusal.Status)];
        if (call.Parameters.Count > 0 || required.Surface is Surface.GenericPackages or Surface.VirtualRegistryDownload) refusals.Add(400);
        if (required.Surface == Surface.GenericPackages && method == "PUT") refusals.AddRange([413, 507]);
        if (required.Surface == Surface.VirtualRegistryDownload) refusals.Add(429);
        foreach (var status in refusals.Order().Distinct())
            answers[Text(status)] = new OpenApiResponse { Description = ReasonPhrases.GetReasonPhrase(status), Content = Content(Error(status), CallAnswers.Json) };
        return answers;
    }

    /// <summary>A schema of bytes.</summary>
    public static OpenApiSchema Bytes() => new() { Type = JsonSchemaType.String, Format = "binary" };

    private static Dictionary<string, OpenApiMediaType> Content(IOpenApiSchema schema, params IEnumerable<string> mediaTypes) =>
        mediaTypes.ToDictionary(type => type, _ => new OpenApiMediaType { Schema = schema });

    private static IOpenApiSchema Schema(IReadOnlyList<CallAnswer> shapes, IOpenApiSchema made, OpenApiDocument document) => shapes switch
    {
        [{ Fields: { Count: > 0 } names }] => new OpenApiSchema
        {
            Type = JsonSchemaType.Object, Required = names.ToHashSet(), Properties = names.ToDictionary(name => name, _ => made.AdditionalProperties!),
        },
        [_] => made,
        [{ Body.IsArray: true }, ..] => new OpenApiSchema { Type = JsonSchemaType.Array, Items = AnyOf(shapes.Select(shape => shape.Body!.GetElementType()!), document) },
        _ => AnyOf(shapes.Select(shape => shape.Body!), document),
    };

    private static OpenApiSchema AnyOf(IEnumerable<Type> types, OpenApiDocument document) =>
        new() { AnyOf = [.. types.Select(type => new OpenApiSchemaReference(ApiSchemas.NameOf(type), document))] };

    private static IOpenApiHeader Header(ParameterDescription header) => new OpenApiHeader { Required = header.IsRequired, Schema = ApiCalls.Schema(header) };

    private static string Text(int status) => status.ToString(CultureInfo.InvariantCulture);

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
