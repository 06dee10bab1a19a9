using GraphQL;
using GraphQL.Execution;
using GraphQLParser.AST;
using GraphQLParser.Exceptions;

namespace Larder.Registry.Graph;

/// <summary>
/// Reads queries, and refuses those that the library would not judge in a reasonable time (some rules compare every fragment
/// with every other) or at all.
/// </summary>
public sealed class LimitedDocuments : IDocumentBuilder
{
    /// <summary>The most fragments of a query.</summary>
    public const int MostFragments = 50;

    private readonly GraphQLDocumentBuilder builder = new();

    /// <inheritdoc/>
    /// <exception cref="ExecutionError">It is no GraphQL, or too much of it.</exception>
    public GraphQLDocument Build(string body)
    {
        try
        {
            var document = builder.Build(body);
            if (document.Definitions.Count(definition => definition is GraphQLFragmentDefinition) > MostFragments)
                throw new ExecutionError($"Query has more than {MostFragments} fragments");
            if (document.Definitions.Any(definition => definition is GraphQLOperationDefinition { Operation: OperationType.Subscription }))
                throw new ExecutionError("Schema is not configured for subscriptions");
            return document;
        }
        catch (GraphQLMaxDepthExceededException)
        {
            throw new ExecutionError("Query is nested too deeply");
        }
    }
}
