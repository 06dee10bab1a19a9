using Larder.Server;

return await Verbs.RunAsync(args);
