using GraphQL.Types;

namespace Larder.Registry.Graph;

/// <summary>The schema: names and shapes are GitLab's.</summary>
internal sealed class GraphSchema : Schema
{
    public GraphSchema()
    {
        Query = new QueryGraph();
        Mutation = new MutationGraph();
    }
}
