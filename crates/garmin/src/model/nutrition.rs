//! What the athlete eats.

use jiff::civil::Date;

use super::model;

model! {
    FoodLog as "food log" {
        "mealDate" => date: Date,
        "dailyNutritionGoals" => goals: NutritionGoals,
        "dailyNutritionContent" => content: Nutrients,
        "mealDetails" => meals: Vec<MealDetail>,
    }

    NutritionGoals as "nutrition goals" {
        "calories" => calories: f64,
        "carbs" => carbs_g: f64,
        "protein" => protein_g: f64,
        "fat" => fat_g: f64,
        "adjustedCalories" => adjusted_calories: f64,
    }

    /// Of a serving, a meal or a day. Sodium, cholesterol and potassium are in milligrams.
    Nutrients as "nutrients" {
        "servingId" => serving_id: String,
        "servingUnit" => serving_unit: String,
        "numberOfUnits" => units: f64,
        "calories" => calories: f64,
        "carbs" => carbs_g: f64,
        "protein" => protein_g: f64,
        "fat" => fat_g: f64,
        "fiber" => fiber_g: f64,
        "sugar" => sugar_g: f64,
        "saturatedFat" => saturated_fat_g: f64,
        "transFat" => trans_fat_g: f64,
        "sodium" => sodium_mg: f64,
        "cholesterol" => cholesterol_mg: f64,
        "potassium" => potassium_mg: f64,
    }

    MealDetail as "meal of a day" {
        "meal" => meal: Meal,
        "mealNutritionContent" => content: Nutrients,
        "loggedFoods" => foods: Vec<LoggedFood>,
    }

    Meal as "meal" {
        "mealId" => id: i64,
        "mealName" => name: String,
        "displayOrder" => order: i64,
        "startTime" => start: String,
        "endTime" => end: String,
    }

    Meals as "meals" {
        "meals" => meals: Vec<Meal>,
    }

    LoggedFood as "logged food" {
        "logId" => log_id: String,
        "foodMetaData" => food: FoodName,
        "name" => name: String,
        "logTimestamp" => at: jiff::Timestamp,
        "mealTime" => meal_time: String,
        "servingQty" => quantity: f64,
        "nutritionContent" => content: Nutrients,
        "calories" => calories: f64,
        "carbs" => carbs_g: f64,
        "protein" => protein_g: f64,
        "fat" => fat_g: f64,
    }

    FoodName as "name of a food" {
        "foodId" => id: String,
        "foodName" => name: String,
        "brandName" => brand: String,
        "foodType" => kind: String,
        "source" => source: String,
        "regionCode" => region: String,
        "languageCode" => language: String,
    }

    Food as "food" {
        "foodMetaData" => food: FoodName,
        "nutritionContents" => servings: Vec<Nutrients>,
    }

    FoodPage as "foods" {
        "results" | "customFoods" | "foods" => foods: Vec<Food>,
        "moreDataAvailable" => more: bool,
    }

    NutritionSettings as "nutrition settings" {
        "calendarDate" => date: Date,
        "activeDailyCalories" | "calorieGoal" => calories: f64,
        "activeDailyCarbohydrateGrams" => carbs_g: f64,
        "activeDailyProteinGrams" => protein_g: f64,
        "activeDailyFatGrams" => fat_g: f64,
    }

    NutritionSummary as "calorie summary" {
        "dailyNutritionSummaries" => days: Vec<NutritionDay>,
    }

    NutritionDay as "a day's nutrition" {
        "mealDate" | "calendarDate" | "date" => date: Date,
        "calories" | "consumedCalories" => calories: f64,
        "carbs" => carbs_g: f64,
        "protein" => protein_g: f64,
        "fat" => fat_g: f64,
        "fiber" => fiber_g: f64,
        "itemCount" | "loggedFoodsCount" => items: i64,
        "dailyNutritionContent" => content: Nutrients,
    }
}
