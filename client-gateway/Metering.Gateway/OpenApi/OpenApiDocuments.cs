using Microsoft.Extensions.DependencyInjection;

namespace Metering.Gateway.OpenApi;


internal static class OpenApiDocuments
{
    public const string Route = "/openapi/{documentName}.json";
    public static void AddMeteringOpenApi(this IServiceCollection services) => services.AddOpenApi("v1");
}

internal static class ChargeOperations { public static object Charge = new(), Get = new(), ChargeMany = new(), Quote = new(); }

internal static class AccountOperations { public static object Put = new(), Get = new(), List = new(); }

internal static class GrantOperations { public static object Add = new(), List = new(), Void = new(); }

internal static class RateCardOperations { public static object Publish = new(), Get = new(); }

internal static class EventOperations { public static object Publish = new(); }

internal static class HealthOperations { public static object Live = new(), Ready = new(); }
