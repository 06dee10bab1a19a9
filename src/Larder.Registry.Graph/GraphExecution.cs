using System.Runtime.ExceptionServices;
using GraphQL;
using GraphQL.Execution;
using GraphQL.SystemTextJson;
using GraphQL.Transport;
using GraphQL.Types;
using GraphQL.Validation;
using GraphQL.Validation.Complexity;
using GraphQL.Validation.Rules.Custom;
using Larder.Registry.Data;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace Larder.Registry.Graph;

/// <summary>Runs queries and mutations against the one schema, within limits of depth and size.</summary>
public sealed partial class GraphExecution(ILogger<GraphExecution> logger)
{
    /// <summary>How deep fields may be nested.</summary>
    public const int MostDepth = 20;

    /// <summary>The most fields that an answer may have, where a list without <c>first</c> counts as a full page.</summary>
    public const int MostFields = 10_000;

    // Of one request: each may hold a connection to the database.
    private const int FieldsAtOnce = 4;

    internal static readonly GraphQLSerializer Json = new(new ErrorInfoProvider(new ErrorInfoProviderOptions { ExposeExtensions = false }));

    private static readonly Func<FieldImpactContext, FieldComplexityResult> CountFields = new ComplexityOptions().DefaultComplexityImpactDelegate;

    private static readonly ComplexityOptions Limits = new()
    {
        MaxDepth = MostDepth, MaxComplexity = MostFields, DefaultListImpactMultiplier = Paging.LargestSize,
        DefaultComplexityImpactDelegate = context => IsAboutTheSchema(context) ? new(0, 0) : CountFields(context),
    };

    private static readonly IValidationRule[] Rules = [.. DocumentValidator.CoreRules, new ComplexityValidationRule(Limits)];

    private readonly DocumentExecuter executer = new(new LimitedDocuments(), new DocumentValidator());

    // Made when somebody asks for the first time: most servers never do.
    private readonly Lazy<ISchema> schema = new(() => new GraphSchema());

    /// <summary>Runs the request and writes the answer.</summary>
    public async Task RunAsync(HttpContext context, GraphQLRequest request)
    {
        DatabaseUnavailableException? outage = null;
        var result = await executer.ExecuteAsync(new ExecutionOptions
        {
            Schema = schema.Value,
            Query = request.Query,
            OperationName = request.OperationName,
            Variables = request.Variables,
            ValidationRules = Rules,
            MaxParallelExecutionCount = FieldsAtOnce,
            RequestServices = context.RequestServices,
            UserContext = new GraphUser(context),
            CancellationToken = context.RequestAborted,
            UnhandledExceptionDelegate = failure =>
            {
                if (failure.OriginalException is DatabaseUnavailableException away)
                {
                    outage = away;
                    return Task.CompletedTask;
                }
                FieldFailed(logger, failure.OriginalException, failure.FieldContext?.FieldDefinition.Name ?? "");
                failure.ErrorMessage = "Internal server error";
                return Task.CompletedTask;
            },
        });
        // 200 with an error in it would be final to a client; a 503 is tried again.
        if (outage is not null) ExceptionDispatchInfo.Throw(outage);
        context.Response.ContentType = "application/json; charset=utf-8";
        await Json.WriteAsync(context.Response.Body, result, context.RequestAborted);
    }

    // Questions about the schema ask the database nothing.
    private static bool IsAboutTheSchema(FieldImpactContext context) =>
        context.FieldDefinition.Name.StartsWith("__", StringComparison.Ordinal)
        || context.ParentType.Name.StartsWith("__", StringComparison.Ordinal);

    [LoggerMessage(3101, LogLevel.Error, "GraphQL field {Field} failed")]
    private static partial void FieldFailed(ILogger logger, Exception exception, string field);
}
